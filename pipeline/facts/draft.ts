import {
  halfWidth,
  isCarrier,
  isKept,
  isMeteringError,
  type LocalText,
  monthOfDay,
  invariantError,
  QUANTITY_COLUMNS,
  QUANTITY_KINDS,
  QUANTITY_USES,
  type QuantityColumn,
  type QuantityDraft,
  type QuantityKind,
  type QuantityUse,
  quantityToBase,
  quantityUnitsOf,
  type Registry,
  say,
  USES,
  withoutGroups,
  zoneOf,
  DAY,
} from '#domain';
import type { RefusedQuantity } from '../answers-facts.ts';

/** A row of quantities that can be taken. */
export interface ReadQuantity {
  readonly row: number;
  readonly institution: string;
  readonly month: number;
  readonly kind: QuantityKind;
  readonly use: QuantityUse;
  readonly amount: number;
  /** As written, with its unit. */
  readonly entered: string;
  readonly unit: string;
  readonly costFen: number | null;
  readonly document: string | null;
  readonly note: string | null;
}

type Read =
  | { readonly ok: true; readonly value: ReadQuantity }
  | { readonly ok: false; readonly refused: RefusedQuantity };

interface Refusal {
  readonly column: QuantityColumn | null;
  readonly code: string;
  readonly reason: LocalText;
  readonly cure: LocalText;
}

type Part<T> = { readonly ok: true; readonly value: T } | ({ readonly ok: false } & Refusal);

const part = <T>(value: T): Part<T> => ({ ok: true, value });
const refuse = (column: QuantityColumn, code: string, reason: LocalText, cure: LocalText): Part<never> => ({
  ok: false,
  column,
  code,
  reason,
  cure,
});

const KIND_NAMES: Readonly<Record<QuantityKind, readonly string[]>> = {
  electricity: ['电', '电力', '用电'],
  water: ['水', '用水', '自来水'],
  'natural-gas': ['天然气', '燃气'],
  heat: ['热', '热力', '供热'],
  cooling: ['冷', '冷量', '供冷'],
  steam: ['蒸汽'],
  coal: ['煤', '煤炭', '原煤'],
  petrol: ['汽油', 'gasoline'],
  diesel: ['柴油'],
  lpg: ['液化石油气', '液化气'],
  'heat-by-area': ['按面积供热', '面积热费', '供热面积'],
  paper: ['纸', '办公用纸', '纸张'],
  'food-waste': ['餐厨垃圾', '厨余垃圾', '餐厨废弃物'],
};

const USE_NAMES: Readonly<Partial<Record<QuantityUse, readonly string[]>>> = {
  ordinary: ['一般', '其他', '普通'],
  heating: ['采暖', '供暖', '供热'],
  vehicles: ['车辆', '公务用车', '车辆用油'],
  canteen: ['食堂', '餐饮'],
  laundry: ['洗衣房', '洗衣'],
  'data-centre': ['数据中心', '机房'],
  resold: ['转供'],
  'green-direct': ['绿电直连', '绿电直供'],
  'pv-self-used': ['光伏自用', '自发自用'],
  metered: ['表计已计', '已计量', '账单'],
};

export const kindLabel = (kind: QuantityKind): string => KIND_NAMES[kind][0] ?? kind;
export const useLabel = (use: QuantityUse): string => USE_NAMES[use]?.[0] ?? use;

/** Fuels that may move vehicles or heat a building: their use must be said. */
const USE_NEEDED: readonly QuantityKind[] = ['petrol', 'diesel'];

/** Reads one row against the registry; of a row with several faults the first, in the order of the columns, with its column and cure. */
export function readDraft({ row, cells, faults = [] }: QuantityDraft, registry: Registry, now: number): Read {
  const text = (column: QuantityColumn): string => (cells[column] ?? '').trim();
  const institution = institutionOf(text('institution'), registry);
  const month = monthOf(halfWidth(text('month')), registry, now);
  const kind = kindOf(text('kind'));
  const use = kind.ok ? useOf(text('use'), kind.value) : kind;
  const unit = text('unit');
  const amount = kind.ok ? amountOf(text('quantity'), unit, kind.value) : kind;
  const costFen = costOf(halfWidth(text('cost')));
  const spoilt = [
    ...faults.map(faultOf),
    ...QUANTITY_COLUMNS.map((column) => formulaIn(column, text(column))),
    ...QUANTITY_COLUMNS.map((column) => unkeptIn(column, text(column))),
  ];
  const refusal = [...spoilt, institution, month, kind, use, amount, costFen].find((one) => !one.ok);
  if (refusal && !refusal.ok) {
    const { column, code, reason, cure } = refusal;
    return { ok: false, refused: { row, column, text: column === null ? '' : text(column), code, reason, cure } };
  }
  if (!institution.ok || !month.ok || !kind.ok || !use.ok || !amount.ok || !costFen.ok)
    throw invariantError('DRAFT_UNREAD', `row ${row} is neither read nor refused`);
  return {
    ok: true,
    value: {
      row,
      institution: institution.value,
      month: month.value,
      kind: kind.value,
      use: use.value,
      amount: amount.value,
      entered: text('quantity'),
      unit,
      costFen: costFen.value,
      document: text('document') || null,
      note: text('note') || null,
    },
  };
}

const faultOf = ({ column, code }: NonNullable<QuantityDraft['faults']>[number]): Part<never> =>
  code === 'FORMULA'
    ? refuse(
        column,
        code,
        say('这里是公式，不是数据', 'This is a formula, no data'),
        say('请改写成数值或文字（选择性粘贴 → 数值）', 'Write the value itself (paste special, values)'),
      )
    : refuse(
        column,
        code,
        say('这个单元格与别的合并了', 'This cell is merged with others'),
        say('请取消合并，并在每一行写上内容', 'Unmerge it and write the content in every row'),
      );

const formulaIn = (column: QuantityColumn, text: string): Part<null> =>
  /^[=@]|^[+-](?![\d.])/.test(text) ? faultOf({ column, code: 'FORMULA' }) : part(null);

const unkeptIn = (column: QuantityColumn, text: string): Part<null> =>
  isKept(text)
    ? part(null)
    : refuse(
        column,
        'TEXT_INVALID',
        say(
          '文字里有不能保存的字符（NUL 或半个字符）',
          'The text has a character that cannot be kept (NUL, or half of one)',
        ),
        say('请重新输入这个单元格', 'Type the cell anew'),
      );

function institutionOf(text: string, registry: Registry): Part<string> {
  const named = registry.institutions.filter((i) => i.id === text || i.name.zh === text || i.name.en === text);
  const [found] = named;
  if (found && named.length === 1) return part(found.id);
  const ids = registry.institutions
    .map((i) => `${i.id} (${i.name.zh})`)
    .slice(0, 12)
    .join(', ');
  return refuse(
    'institution',
    named.length > 1 ? 'INSTITUTION_AMBIGUOUS' : text === '' ? 'INSTITUTION_MISSING' : 'INSTITUTION_UNKNOWN',
    named.length > 1
      ? say(`"${text}" 不止一个机构`, `"${text}" is the name of more than one institution`)
      : say(
          text === '' ? '没有写机构' : `没有机构 "${text}"`,
          text === '' ? 'No institution is named' : `There is no institution "${text}"`,
        ),
    say(`请写 id 或名称：${ids}`, `Write its id or name: ${ids}`),
  );
}

const MONTH_CURE = say('请写 2026-03', 'Write it as 2026-03');

function monthOf(text: string, registry: Registry, now: number): Part<number> {
  const match =
    /^(\d{4})\s*[-/.年]\s*(\d{1,2})\s*月?(?:[-/.]\s*0?1(?:\D.*)?)?$/.exec(text) ?? /^(\d{4})(\d{2})$/.exec(text);
  const [year, month] = [Number(match?.[1]), Number(match?.[2])];
  if (!match || month < 1 || month > 12 || year < 1990)
    return refuse(
      'month',
      text === '' ? 'MONTH_MISSING' : 'MONTH_INVALID',
      say(`"${text}" 不是月份`, `"${text}" is not a month`),
      MONTH_CURE,
    );
  const index = year * 12 + month - 1;
  const zone = zoneOf(registry.site.zone);
  const running = monthOfDay(Math.floor((now + zone.offsetAt(now)) / DAY));
  if (index <= running) return part(index);
  return refuse(
    'month',
    'MONTH_FUTURE',
    say(`${text} 还没有到`, `${text} has not come yet`),
    say('请核对年份和月份', 'Check year and month'),
  );
}

function kindOf(text: string): Part<QuantityKind> {
  // "电 electricity", as the template's guide has it, is one of the two words
  const words = [text, ...text.split(/\s+/)].map((word) => word.toLowerCase());
  const found = QUANTITY_KINDS.find((kind) => words.some((word) => word === kind || KIND_NAMES[kind].includes(word)));
  const all = QUANTITY_KINDS.map((kind) => `${kindLabel(kind)} ${kind}`).join(', ');
  if (found) return part(found);
  return refuse(
    'kind',
    text === '' ? 'KIND_MISSING' : 'KIND_UNKNOWN',
    say(`"${text}" 不是能源资源种类`, `"${text}" is not a kind of energy or resource`),
    say(`请写：${all}`, `Write one of ${all}`),
  );
}

function useOf(text: string, kind: QuantityKind): Part<QuantityUse> {
  const words = [text, ...text.split(/\s+/)];
  const uses = isCarrier(kind) ? QUANTITY_USES : USES;
  const found = uses.find((use) => words.some((word) => word === use || (USE_NAMES[use] ?? []).includes(word)));
  const cure = say(
    `请写：${uses.map((use) => `${useLabel(use)} ${use}`).join(', ')}`,
    `Write one of ${uses.join(', ')}`,
  );
  if (text !== '' && !found)
    return refuse('use', 'USE_UNKNOWN', say(`"${text}" 不是用途`, `"${text}" is not a use`), cure);
  if (!found && USE_NEEDED.includes(kind))
    return refuse(
      'use',
      'USE_MISSING',
      say('没有写是车辆用油还是其他用油', 'It is not said whether vehicles burn it'),
      say('请写 车辆 vehicles 或 一般 ordinary', 'Write vehicles or ordinary'),
    );
  return part(found ?? 'ordinary');
}

function amountOf(text: string, unit: string, kind: QuantityKind): Part<number> {
  if (text === '')
    return refuse(
      'quantity',
      'QUANTITY_MISSING',
      say('没有写数量', 'No quantity is given'),
      say('没有消费请写 0', 'Write 0 for none'),
    );
  const units = quantityUnitsOf(kind).join(', ');
  try {
    const amount = quantityToBase(text, unit, kind);
    if (amount >= 0) return part(amount);
    return refuse(
      'quantity',
      'QUANTITY_NEGATIVE',
      say(`${text} 是负数`, `${text} is negative`),
      say('请写 0 或正数；更正旧数请用 --replace', 'Write 0 or more; to correct an earlier figure use --replace'),
    );
  } catch (error) {
    if (!isMeteringError(error)) throw error;
    if (error.code === 'UNIT_UNKNOWN')
      return refuse(
        'unit',
        unit === '' ? 'UNIT_MISSING' : 'UNIT_UNKNOWN',
        say(`"${unit}" 不是${KIND_NAMES[kind][0]}的单位`, `"${unit}" is not a unit of ${kind}`),
        say(`请写：${units}`, `Write one of ${units}`),
      );
    return refuse(
      'quantity',
      'QUANTITY_INVALID',
      say(`"${text}" 不是数量`, `"${text}" is not a quantity`),
      say('请写普通数字，例如 1234.5', 'Write a plain number, such as 1234.5'),
    );
  }
}

function costOf(text: string): Part<number | null> {
  if (text === '') return part(null);
  const match = /^(\d{1,12})(?:\.(\d{1,2})0*)?\s*(?:元|CNY)?$/.exec(withoutGroups(text));
  if (match) return part(Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0')));
  return refuse(
    'cost',
    'COST_INVALID',
    say(`"${text}" 不是金额`, `"${text}" is not an amount of money`),
    say('请写元，最多两位小数：1280.50', 'Write yuan with at most two decimals: 1280.50'),
  );
}
