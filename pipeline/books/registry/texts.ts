import {
  type AllocationRule,
  type Dated,
  formatDay,
  formatRational,
  type LocalText,
  type Point,
  type Register,
} from '#domain';

/** Fields of a thing as people read them; what is absent has no key. */
export type Fields = Readonly<Record<string, string>>;

type FieldValue = string | number | LocalText | NonNullable<Point['terms']> | undefined;

/** `ended` is a day; other numbers as they are. */
export function fieldsOf(values: Readonly<Record<string, FieldValue>>): Fields {
  const fields: Record<string, string> = {};
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined)
      fields[name] = name === 'ended' && typeof value === 'number' ? formatDay(value) : textOf(value);
  }
  return fields;
}

function textOf(value: NonNullable<FieldValue>): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  if ('zh' in value) return `${value.zh} / ${value.en}`;
  return value.map(({ point, sign }) => `${sign < 0 ? '−' : '+'}${point}`).join(' ');
}

/** The fields in which two things differ, on both sides; undefined: in none. */
export function textDifference(
  old: Fields,
  next: Fields,
): { readonly old?: string; readonly new?: string } | undefined {
  const names = [...new Set([...Object.keys(old), ...Object.keys(next)])].filter((name) => old[name] !== next[name]);
  if (names.length === 0) return undefined;
  const side = (fields: Fields): string =>
    names.flatMap((name) => (fields[name] === undefined ? [] : [`${name} ${fields[name]}`])).join(', ');
  const [before, after] = [side(old), side(next)];
  return { ...(before ? { old: before } : {}), ...(after ? { new: after } : {}) };
}

export const registerText = ({ kind, carrier, unit, scale, modulus }: Register): string =>
  [kind, carrier, unit, `× ${formatRational(scale)}`, modulus === undefined ? undefined : `modulus ${modulus}`]
    .filter((part) => part !== undefined)
    .join(' ');

/** `80 from 2026-03-01`; without a date where it holds since ever. */
export const datedText = <T>({ from, value }: Dated<T>, text: (value: T) => string): string =>
  from === 0 ? text(value) : `${text(value)} from ${formatDay(from)}`;

export function ruleText(rule: AllocationRule): string {
  if (rule.basis === 'fixed')
    return rule.shares.map((s) => `${s.institution} ${formatRational(s.share)}`).join(', ') || 'nobody';
  if (rule.basis === 'sub-meter') return `by sub-meter ${rule.by.map((b) => `${b.institution} ${b.point}`).join(', ')}`;
  return `by ${rule.basis} among ${rule.among.join(', ')}${rule.of === undefined ? '' : ` of ${rule.of}`}`;
}
