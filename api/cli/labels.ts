import { type FindingKind, type LocalText, type MeterEventKind, type Role, say } from '#domain';

export { CARRIER_LABELS } from '#domain';

/** The field's words in both languages: one word per thing, the same as docs/glossary.md (held by a test). */
export const ROLE_LABELS: Readonly<Record<Role, LocalText>> = {
  main: say('总表', 'main'),
  sub: say('分表', 'sub'),
  generation: say('发电', 'generation'),
  export: say('外送', 'export'),
  formula: say('计算点', 'formula'),
};

export const QUALITY_LABELS = {
  measured: say('实测', 'measured'),
  interpolated: say('内插', 'interpolated'),
  manual: say('人工录入', 'manual'),
  disputed: say('存疑', 'disputed'),
  estimated: say('估算', 'estimated'),
} as const;

export const FINDING_LABELS: Readonly<Record<FindingKind, LocalText>> = {
  outlier: say('离群读数', 'outlier'),
  pending: say('待定读数', 'pending'),
  break: say('断点', 'break'),
  gap: say('缺口', 'gap'),
  conflict: say('冲突读数', 'conflict'),
};

export const EVENT_LABELS: Readonly<Record<MeterEventKind, LocalText>> = {
  replacement: say('换表', 'replacement'),
  reset: say('归零', 'reset'),
  multiplier: say('变更倍率', 'multiplier event'),
  exclude: say('排除读数', 'exclude'),
  admit: say('采信读数', 'admit'),
};

/** Words of the field that head columns. */
export const WORDS = {
  amount: say('用量', 'amount'),
  total: say('合计', 'total'),
  coverage: say('覆盖率', 'coverage'),
  provisional: say('暂定', 'provisional'),
  site: say('站点', 'site'),
  point: say('计量点', 'point'),
  register: say('寄存器', 'register'),
  carrier: say('能源种类', 'carrier'),
  reading: say('读数', 'reading'),
  model: say('型号', 'model'),
  version: say('版本', 'version'),
  difference: say('差额', 'difference'),
  from: say('起', 'from'),
  to: say('止', 'to'),
  rows: say('行数', 'rows'),
  reason: say('原因', 'reason'),
  state: say('状态', 'state'),
  by: say('操作人', 'by'),
  at: say('时间', 'at'),
} as const;

/** Everyday words, which the glossary leaves out. */
export const EVERYDAY: readonly string[] = ['from', 'to', 'rows', 'reason', 'state', 'by', 'at'];
