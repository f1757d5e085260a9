import type { Answer, Denominators, Metric } from '../contract.ts';
import type { FactorUse } from '../conversion/index.ts';
import { evidenceOf } from '../evidence.ts';
import { type Exact, exactOf } from '../exact.ts';
import { amountOf, type Caliber, coalOf, energyOf, lacks, type Measured, type Weighed } from './measure.ts';

/** Numerator and denominator of a metric, before they are divided. */
export interface Ratio {
  readonly top: Weighed;
  readonly topUnit: string;
  readonly bottom: Exact;
  readonly bottomUnit: string;
  readonly boundary: Caliber['boundary'];
  readonly residual?: { readonly total: Exact; readonly factor: FactorUse } | undefined;
}

type Rule = (measured: Measured) => Answer<Ratio>;

const UNIT_BELOW: Readonly<Record<keyof Denominators, string>> = {
  areaM2: 'm2',
  heatedAreaM2: 'm2',
  persons: 'person',
  bedDays: 'bed·d',
};

/** top ÷ a denominator, of the caliber's boundary unless a metric has its own. */
function per(
  name: keyof Denominators,
  topUnit: string,
  top: (measured: Measured) => Answer<Weighed>,
  own?: Caliber['boundary'],
): Rule {
  return (measured) => {
    const boundary = own ?? measured.caliber.boundary;
    const bottom = measured.denominator(boundary, name);
    if (!bottom.ok) return bottom;
    const weighed = top(measured);
    if (!weighed.ok) return weighed;
    return ok({ top: weighed.value, topUnit, bottom: bottom.value, bottomUnit: UNIT_BELOW[name], boundary });
  };
}

const ok = <T>(value: T): Answer<T> => ({ ok: true, value });

const scaled = (answer: Answer<Weighed>, by: bigint): Answer<Weighed> =>
  answer.ok
    ? ok({ ...answer.value, value: { num: answer.value.value.num, den: answer.value.value.den * by } })
    : answer;

const energy = (measured: Measured): Answer<Weighed> => measured.energy();

/** (E − E_heating − E_vehicles): DB37/T 2672-2019. */
const nonHeating = ({ bounded, rates }: Measured): Answer<Weighed> =>
  energyOf(
    bounded.filter(({ use }) => use !== 'heating' && use !== 'vehicles'),
    rates,
  );

/** Regular systems: electricity − heating electricity. */
const regularElectricity = ({ bounded }: Measured): Answer<Weighed> =>
  scaled(
    amountOf(
      bounded.filter(({ use }) => use !== 'heating'),
      'electricity',
    ),
    1_000n,
  );

function heating({ bounded, rates }: Measured): Answer<Weighed> {
  const found = bounded.filter(({ use }) => use === 'heating');
  if (found.length > 0) return coalOf(found, rates);
  return lacks(
    'quantity.heating',
    'QUANTITY_MISSING: no energy is recorded as heating',
    '把供暖用能标为供暖',
    'mark the energy that heats as heating',
  );
}

const water =
  (litres: bigint) =>
  ({ whole }: Measured): Answer<Weighed> =>
    scaled(amountOf(whole, 'water'), litres);

/** JS/T 303-2026 counts within the survey's boundary; electricity's factor needs the place. */
function carbonPer(name: 'areaM2' | 'persons'): Rule {
  return (measured) => {
    const bottom = measured.denominator('survey', name);
    if (!bottom.ok) return bottom;
    const power = amountOf(measured.facts.quantities, 'electricity');
    if (!power.ok) return power;
    if (measured.facts.profile.division === undefined) {
      return lacks(
        'profile.division',
        'PROFILE_INCOMPLETE: the factor of electricity depends on the place',
        '请确认机构所在的市县',
        'say in which city or county it lies',
      );
    }
    const carbon = measured.carbon();
    if (!carbon.ok) return carbon;
    const counted = measured.facts.quantities.filter(({ carrier }) => carrier !== 'water');
    const { total, factors, residual } = carbon.value;
    const top = { value: total, ...evidenceOf(counted), factors };
    const view = residual ? { residual } : {};
    return ok({
      top,
      topUnit: 'kgCO2',
      bottom: bottom.value,
      bottomUnit: UNIT_BELOW[name],
      boundary: 'survey',
      ...view,
    });
  };
}

/** Everything the data centre takes ÷ what its IT takes: uses never overlap, so the former is the sum of both. */
function eue({ whole, caliber }: Measured): Answer<Ratio> {
  const it = amountOf(
    whole.filter(({ use }) => use === 'data-centre-it'),
    'electricity',
  );
  if (!it.ok || it.value.value.num === 0n) {
    return lacks(
      'quantity.data-centre-it',
      'QUANTITY_MISSING: no electricity of the data centre’s IT is recorded',
      '计量数据中心 IT 设备用电',
      'meter the electricity of the data centre’s IT',
    );
  }
  const all = amountOf(
    whole.filter(({ use }) => use === 'data-centre-it' || use === 'data-centre'),
    'electricity',
  );
  return all.ok ? share(all.value, it.value.value, caliber) : all;
}

/** Self-used PV ÷ all electricity used. Nothing recorded is missing: an institution without PV records 0. */
function pvShare({ whole, caliber }: Measured): Answer<Ratio> {
  const all = amountOf(whole, 'electricity');
  if (!all.ok) return all;
  const pv = amountOf(
    whole.filter(({ use }) => use === 'pv-self-used'),
    'electricity',
  );
  if (!pv.ok) {
    return lacks(
      'quantity.pv-self-used',
      'QUANTITY_MISSING: no self-used PV is recorded',
      '计量自用光伏电量；没有则录入 0',
      'meter the PV that is used here, or enter 0 where there is none',
    );
  }
  return all.value.value.num === 0n
    ? noElectricity
    : share({ ...all.value, value: pv.value.value }, all.value.value, caliber);
}

const noElectricity = lacks(
  'quantity.electricity',
  'DENOMINATOR_MISSING: the electricity of the period is 0',
  '核对该期间用电量',
  'check the electricity of the period',
);

const moreBelow = lacks(
  'unattributed',
  'USE_NEGATIVE: the sub-meters count more than the entry',
  '核对分表与总表的倍率',
  'check the multipliers of the sub-meters and the entry',
);

function unattributed({ facts, whole, caliber }: Measured): Answer<Ratio> {
  const known = facts.unattributed;
  if (!known) {
    return lacks(
      'unattributed',
      'QUANTITY_MISSING: it is not known what sub-meters claim',
      '配置分项计量点',
      'set up sub-meters below the entry',
    );
  }
  if (known.of <= 0) return noElectricity;
  if (known.amount < 0) return moreBelow;
  const evidence = evidenceOf(whole.filter(({ carrier }) => carrier === 'electricity'));
  const coverage = Math.min(evidence.coverage, known.coverage);
  return share({ value: exactOf(known.amount), ...evidence, coverage, factors: [] }, exactOf(known.of), caliber);
}

const share = (top: Weighed, bottom: Exact, { boundary }: Caliber): Answer<Ratio> =>
  ok({ top, topUnit: 'Wh', bottom, bottomUnit: 'Wh', boundary });

/** How each metric is made; the unit that comes out is UNIT_OF's. */
export const RATIOS: Readonly<Record<Metric, Rule>> = {
  'energy-per-area': per('areaM2', 'kgce', energy),
  'non-heating-per-area': per('areaM2', 'kgce', nonHeating),
  'energy-per-person': per('persons', 'kgce', energy),
  'electricity-per-area': per('areaM2', 'kWh', regularElectricity),
  'heating-per-heated-area': per('heatedAreaM2', 'kgce', heating),
  'data-centre-eue': eue,
  'water-per-person': per('persons', 'm3', water(1_000n), 'survey'),
  'water-per-bed-day': per('bedDays', 'L', water(1n), 'survey'),
  'water-per-area': per('areaM2', 'm3', water(1_000n), 'survey'),
  'co2-per-area': carbonPer('areaM2'),
  'co2-per-person': carbonPer('persons'),
  'pv-share': pvShare,
  'unattributed-share': unattributed,
};
