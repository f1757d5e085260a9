import { type Carrier, halfWidth, isMeteringError, type Rational, unitFactor, unitsOf, withoutGroups } from '#domain';
import { type Part, part, type Refused, refused } from './outcome.ts';
import type { Cell } from './table.ts';
import { textOf } from './time.ts';

export interface NumberFormat {
  /** Mark of the decimals; absent: a point, and a comma only between groups of three. */
  readonly decimal?: '.' | ',' | undefined;
  /** In a file whose columns are apart by semicolons a comma may be the mark of decimals: it is not guessed. */
  readonly delimiter?: string | undefined;
  /** Round what is finer than the register, half up, in place of refusing it. */
  readonly round?: boolean | undefined;
}

/** What the register counts, and what one of its steps is worth in base units. */
export interface Counted {
  readonly carrier: Carrier;
  readonly scale: Rational;
}

/** A written value in a unit to units of the face, exact. */
export function faceValue(cell: Cell, unit: string, counted: Counted, format: NumberFormat): Part<number> {
  const factor = factorOf(unit, counted.carrier);
  if (!factor.ok) return factor;
  const decimal = decimalOf(cell, format);
  if (!decimal.ok) return decimal;
  const { sign, digits, places } = decimal.value;
  const top = digits * BigInt(factor.value.num) * BigInt(counted.scale.den) * 10n ** BigInt(Math.max(0, -places));
  const bottom = BigInt(factor.value.den) * BigInt(counted.scale.num) * 10n ** BigInt(Math.max(0, places));
  if (format.round !== true && top % bottom !== 0n) {
    return refused(
      'VALUE_FINER',
      `${textOf(cell)} ${unit} 比寄存器更细；要四舍五入请加 --round`,
      `${textOf(cell)} ${unit} is finer than the register; --round rounds it`,
    );
  }
  const value = Number((2n * top + bottom) / (2n * bottom)) * sign;
  if (Number.isSafeInteger(value)) return part(value === 0 ? 0 : value);
  return refused('VALUE_INVALID', `${textOf(cell)} ${unit} 太大`, `${textOf(cell)} ${unit} is too large`);
}

const factors = new Map<string, Part<Rational>>();

function factorOf(unit: string, carrier: Carrier): Part<Rational> {
  const key = `${carrier} ${unit}`;
  const known = factors.get(key);
  if (known) return known;
  let factor: Part<Rational>;
  try {
    factor = part(unitFactor(unit, carrier));
  } catch (error) {
    if (!isMeteringError(error)) throw error;
    const units = unitsOf(carrier).join(', ');
    factor = refused(
      'UNIT_UNKNOWN',
      `"${unit}" 不是这块表的单位（可用 ${units}）`,
      `"${unit}" is no unit of ${carrier} (${units})`,
    );
  }
  if (factors.size < 1_000) factors.set(key, factor);
  return factor;
}

interface Decimal {
  readonly sign: 1 | -1;
  readonly digits: bigint;
  /** Decimal places; negative: zeros to append. */
  readonly places: number;
}

const NUMBER = /^([+-]?)(\d{1,30})(?:\.(\d{0,30}))?(?:e([+-]?\d{1,2}))?$/i;

const doubtful = (text: string): Refused =>
  refused(
    'NUMBER_AMBIGUOUS',
    `"${text}" 里的逗号可能是小数点；请加 --decimal , 或 --decimal .`,
    `the comma of "${text}" may be the mark of decimals: say --decimal , or --decimal .`,
  );

function decimalOf(cell: Cell, format: NumberFormat): Part<Decimal> {
  const isNumber = typeof cell === 'object' && cell !== null && !(cell instanceof Date);
  const text = textOf(cell);
  const mark = isNumber ? '.' : (format.decimal ?? '.');
  const group = mark === '.' ? ',' : '.';
  const plain = withoutGroups(halfWidth(text), `${group}\u00a0\u202f\u2009' `);
  const isOdd = plain.includes(group);
  const isOpen = !isNumber && format.decimal === undefined;
  if (isOpen && (isOdd || (format.delimiter === ';' && /[,，]/.test(text)))) return doubtful(text);
  const match = isOdd ? null : NUMBER.exec(plain.replace(mark, '.'));
  if (!match) return refused('VALUE_INVALID', `"${text}" 不是读数`, `"${text}" is no reading`);
  const [, sign, whole = '0', fraction = '', exponent = '0'] = match;
  return part({
    sign: sign === '-' ? -1 : 1,
    digits: BigInt(whole + fraction),
    places: fraction.length - Number(exponent),
  });
}
