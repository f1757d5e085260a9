import { type Carrier, CARRIER_LABELS } from '#domain';
import type { Missing, Quantity } from './contract.ts';

/** Metered, and no reading says anything of it. Readings that say that nothing was used are evidence, and so is what was entered by hand. */
export const isSilent = ({ amount, coverage, quality }: Quantity): boolean =>
  quality === 'metered' && amount === 0 && coverage === 0;

/** The first carrier of a sum of which nothing is known: without it the sum would be too small. */
export function silentIn(quantities: readonly Quantity[]): Missing | undefined {
  const [silent] = [...Map.groupBy(quantities, ({ carrier }) => carrier)].filter(([, of]) => of.every(isSilent));
  return silent && silentMissing(silent[0]);
}

const silentMissing = (carrier: Carrier): Missing => ({
  what: `quantity.${carrier}`,
  reason: `QUANTITY_MISSING: the meters of ${carrier} were silent throughout the period`,
  cure: {
    zh: `导入该期间${CARRIER_LABELS[carrier].zh}表计的读数`,
    en: `import readings of the ${CARRIER_LABELS[carrier].en} meters for the period`,
  },
});
