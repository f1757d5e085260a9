import { formatInstant, MINUTE, SECOND, type Zone } from '#domain';
import type { ReadValue } from '../../../collectors/commissioning/index.ts';
import type { Cli } from '../context.ts';
import { QUALITY_OF_VALUE, reasonText } from '../labels-commissioning.ts';
import { WORDS } from '../labels.ts';
import { present } from '../output/present.ts';

export interface ShownReading {
  readonly device: string | null;
  readonly model: string;
  readonly line: string;
  readonly unit: number | null;
  readonly failure: string | null;
  readonly values: readonly ReadValue[];
  readonly zone: Zone;
}

/** Writes what was read from a device, with the age of each value now. */
export function showReading(cli: Cli, { values, zone, failure, ...about }: ShownReading): void {
  const now = cli.io.clock.now();
  const shown = (at: number): string => formatInstant(Math.round(at), zone);
  const aged = values.map((one) => ({ one, ageMs: one.at === null ? null : Math.max(0, Math.round(now - one.at)) }));
  present(
    cli,
    {
      ...about,
      at: shown(now),
      failure,
      values: aged.map(({ one: { at, ...value }, ageMs }) => ({ ...value, at: at === null ? null : shown(at), ageMs })),
    },
    {
      sheet: {
        columns: headings(cli),
        rows: aged.map(({ one, ageMs }) => [
          one.register,
          one.quantity,
          one.value ?? '–',
          one.unit,
          ageText(ageMs, cli),
          qualityText(one, cli),
          one.words?.join(' ') ?? '',
        ]),
      },
      text:
        cli.language === 'zh'
          ? '\n表计面板上的数值；互感器倍率在账簿中计入。'
          : '\nAs on the face of the meter; the multiplier of transformers is applied in the books.',
    },
  );
}

const headings = (cli: Cli): readonly { readonly heading: string; readonly right?: boolean }[] => {
  const chinese = cli.language === 'zh';
  return [
    { heading: cli.say(WORDS.register) },
    { heading: chinese ? '物理量' : 'quantity' },
    { heading: cli.say(WORDS.reading), right: true },
    { heading: chinese ? '单位' : 'unit' },
    { heading: chinese ? '新旧' : 'age', right: true },
    { heading: chinese ? '质量' : 'quality' },
    { heading: chinese ? '原始字' : 'words' },
  ];
};

const qualityText = ({ quality, reason }: ReadValue, cli: Cli): string => {
  const said = cli.say(QUALITY_OF_VALUE[quality]);
  return reason === null ? said : `${said}: ${cli.say(reasonText(reason))}`;
};

const ageText = (ageMs: number | null, cli: Cli): string => {
  if (ageMs === null) return '–';
  if (ageMs < 100 * SECOND) return `${(ageMs / SECOND).toFixed(1)} s`;
  return `${Math.round(ageMs / MINUTE)} ${cli.language === 'zh' ? '分钟' : 'min'}`;
};
