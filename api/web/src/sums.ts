import type { TraceNode, UsageAnswer } from '../../../pipeline/answers.ts';

/** Integers in base units, added with their signs. */
export const sumOfTerms = (terms: readonly Pick<TraceNode, 'amount' | 'sign'>[]): number =>
  terms.reduce((total, { amount, sign }) => total + amount * (sign ?? 1), 0);

interface Asked<C extends string> {
  readonly key: string;
  readonly carriers: readonly C[];
}

/** Key of the party that is the whole. */
export const WHOLE = '~site';

/** Per carrier the whole minus its parts, where that is not 0. `values` by `<party>/<carrier>`. */
export function differences<C extends string>(
  parties: readonly Asked<C>[],
  carriers: readonly C[],
  values: Readonly<Record<string, Pick<UsageAnswer, 'total' | 'unit'>>>,
): readonly string[] {
  return carriers.flatMap((carrier) => {
    const whole = values[`${WHOLE}/${carrier}`];
    if (!whole) return [];
    const parts = parties
      .filter(({ key }) => key !== WHOLE)
      .reduce((sum, { key }) => sum + (values[`${key}/${carrier}`]?.total.amount ?? 0), 0);
    return parts === whole.total.amount ? [] : [`${whole.total.amount - parts} ${whole.unit}`];
  });
}
