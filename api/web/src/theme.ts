import type { ThemeConfig } from 'antd';
import type { LiveAnswer } from '../../../pipeline/answers.ts';

export const FONT =
  '"PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Source Han Sans SC", "WenQuanYi Micro Hei", system-ui, sans-serif';

export const INK = {
  accent: '#17506b',
  text: '#1c2b33',
  faint: '#71808a',
  line: '#e3e8eb',
  ground: '#f3f5f6',
} as const;

export const THEME: ThemeConfig = {
  token: {
    colorPrimary: INK.accent,
    colorText: INK.text,
    colorTextSecondary: INK.faint,
    colorBorderSecondary: INK.line,
    colorBgLayout: INK.ground,
    borderRadius: 4,
    fontFamily: FONT,
    fontSize: 13,
    fontSizeSM: 12,
    controlHeight: 28,
    controlHeightSM: 24,
    padding: 12,
  },
  components: {
    Table: { cellPaddingBlockSM: 5, headerBg: '#f8fafb', headerColor: INK.faint, headerSplitColor: 'transparent' },
  },
};

type Carrier = NonNullable<LiveAnswer['carrier']>;

export const CARRIER_INK: Readonly<Record<Carrier, string>> = {
  electricity: '#2b6a99',
  water: '#2a9187',
  'natural-gas': '#c9822b',
  heat: '#b5534b',
  cooling: '#5a7fc0',
  steam: '#8a6fa8',
  coal: '#5d5d5d',
  petrol: '#a58b2f',
  diesel: '#8f7a4a',
  lpg: '#b07a5a',
};

export const QUALITY_INK = {
  measured: '#2b8a66',
  interpolated: '#d9a63a',
  manual: '#6d7fb8',
  disputed: '#c2453d',
} as const;

export const STATE_INK: Readonly<Record<LiveAnswer['state'], string>> = {
  live: '#2b8a66',
  late: '#d9a63a',
  silent: '#c2453d',
  never: '#9aa5ac',
};

export const LINE_INK = { open: '#2b8a66', opening: '#d9a63a', closed: '#c2453d' } as const;

export const UNIT_INK = {
  answering: '#2b8a66',
  refusing: '#d9a63a',
  silent: '#c2453d',
  'not-yet-read': '#9aa5ac',
} as const;

/** Of a line's load: above 80 % there is no room for a repetition, above all of it polls are skipped. */
export const loadInk = (share: number): string =>
  share > 1 ? LINE_INK.closed : share > 0.8 ? LINE_INK.opening : LINE_INK.open;
