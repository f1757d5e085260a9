import { baseUnitOf, type Carrier, CARRIER_LABELS } from '#domain';
import type { Missing, MissingReason, Quantity } from './contract.ts';

/** Metered, and no reading says anything of it. Readings that say that nothing was used are evidence, and so is what was entered by hand. */
export const isSilent = ({ amount, coverage, quality }: Quantity): boolean =>
  quality === 'metered' && amount === 0 && coverage === 0;

/** The first carrier that leaves a sum no figure: nothing is known of it, or what is counted of it is below 0. */
export function unfitIn(quantities: readonly Quantity[]): Missing | undefined {
  for (const [carrier, of] of Map.groupBy(quantities, (quantity) => quantity.carrier)) {
    if (of.every(isSilent)) return silentMissing(carrier);
    const amount = of.reduce((sum, quantity) => sum + quantity.amount, 0);
    if (amount < 0) return negativeMissing(carrier, amount);
  }
  return undefined;
}

const negativeMissing = (carrier: Carrier, amount: number): Missing => ({
  what: `quantity.${carrier}`,
  reason: `USE_NEGATIVE: the ${carrier} that is counted comes to ${amount} ${baseUnitOf(carrier)}`,
  cure: {
    zh: '核对分表与总表的倍率和方向；外送的计量点用途与发电一致（如 pv-self-used）',
    en: 'check multipliers and directions of sub-meters and the meter above; give what is exported the use of the generation, such as pv-self-used',
  },
});

const silentMissing = (carrier: Carrier): Missing => ({
  what: `quantity.${carrier}`,
  reason: `QUANTITY_MISSING: the meters of ${carrier} were silent throughout the period`,
  cure: {
    zh: `导入该期间${CARRIER_LABELS[carrier].zh}表计的读数`,
    en: `import readings of the ${CARRIER_LABELS[carrier].en} meters for the period`,
  },
});

/** How well a sum of quantities is evidenced. */
export interface Evidence {
  /** The least coverage among them: one badly evidenced carrier makes the sum so. */
  readonly coverage: number;
  /** The quantity of that coverage. */
  readonly weakest: Quantity | undefined;
  readonly manual: boolean;
}

export function evidenceOf(quantities: readonly Quantity[]): Evidence {
  const weakest = quantities.reduce<Quantity | undefined>(
    (least, quantity) => (least === undefined || quantity.coverage < least.coverage ? quantity : least),
    undefined,
  );
  return {
    coverage: Math.min(1, weakest?.coverage ?? 1),
    weakest,
    manual: quantities.some(({ quality }) => quality === 'manual'),
  };
}

/** What is evidenced by too little, and what would help: what is entered by hand stands beside a meter (ADR 92). */
export function lowCoverage(what: string, { coverage, weakest }: Omit<Evidence, 'manual'>, needed: number): Missing {
  const percent = `${Math.floor(coverage * 1_000) / 10} %`;
  const { zh, en } = weakest ? CARRIER_LABELS[weakest.carrier] : { zh: '用能', en: 'energy' };
  const reason: MissingReason = `COVERAGE_LOW: ${percent} of the time is evidenced for ${en}, a verdict needs ${needed * 100} %`;
  return { what, reason, cure: weakest?.quality === 'manual' ? byHand(zh, en) : byMeter(zh, en) };
}

const byMeter = (zh: string, en: string): Missing['cure'] => ({
  zh: `导入${zh}的表计在缺失期间的读数（账单上的示数也可），换表、断点请登记事件；手工录入的用量与表计并列，不补缺口`,
  en: `import readings of the ${en} meters for the gaps (those that a bill shows will do), or record the replacement or what a break used; a quantity by hand stands beside a meter and fills no gap`,
});

const byHand = (zh: string, en: string): Missing['cure'] => ({
  zh: `补录${zh}缺少的月份，并写明每月的凭证；没有购入的月份写 0`,
  en: `enter the months of ${en} that lack, and name the document of each; 0 where nothing was bought`,
});
