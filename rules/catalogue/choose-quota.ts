import { catalogueError } from '#domain';
import { METRICS, type Answer, type Metric, type Missing, type Profile, type QuotaRow } from '../contract.ts';
import { cityOf, missing, NATION, provinceOf, rowsUnder } from './choose.ts';
import type { Catalogue, CorrectionRow, RulePack, ZoneRow } from './rows.ts';
import { validOn } from './validity.ts';

const packsOn = (catalogue: Catalogue, date: string): readonly RulePack[] =>
  rowsUnder(catalogue, 'pack').filter((pack) => validOn(pack, date));

/** The packs in force on a day whose region holds the given one, the nearest first: the city's, the province's, the nation's. */
export function packsFor(
  catalogue: Catalogue,
  { region, date }: { readonly region: string; readonly date: string },
): readonly RulePack[] {
  const packs = packsOn(catalogue, date);
  const regions = [...new Set([region, cityOf(region), provinceOf(region), NATION])];
  return regions.flatMap((held) => packs.filter((pack) => pack.region === held));
}

/**
 * Climate zone of a division on a day: its own row, else its city's; a province has a row only where all of it lies in one zone. Before the first
 * table of a place its first row holds: the climate was there before the print.
 */
export function zoneFor(
  catalogue: Catalogue,
  ask: { readonly scheme: string; readonly division: string; readonly date: string },
): Answer<ZoneRow> {
  const regions = [...new Set([ask.division, cityOf(ask.division), provinceOf(ask.division)])];
  const [row] = regions.flatMap((region) => {
    const rows = rowsUnder(catalogue, 'zone', ask.scheme, region).toSorted((a, b) => (a.from < b.from ? -1 : 1));
    return rows.find((one) => validOn(one, ask.date)) ?? rows.find((one) => ask.date < one.from) ?? [];
  });
  if (row) return { ok: true, value: row };
  return missing('ZONE_MISSING', `climate zone:${ask.scheme}:${ask.division}`, {
    zh: `在 zones.yaml 中补充 ${ask.division} 的气候分区`,
    en: `add the climate zone of ${ask.division} to zones.yaml`,
  });
}

export interface QuotaAsk {
  readonly pack: string;
  readonly profile: Profile;
  readonly metric: Metric;
  /** `YYYY-MM-DD`; the quota valid on that day. */
  readonly date: string;
}

export interface QuotaChoice {
  readonly row: QuotaRow;
  /** Row by which the climate zone was found, where the quota depends on one. */
  readonly zone: ZoneRow | undefined;
  /** How the standard corrects its limits for actual use. */
  readonly corrections: readonly CorrectionRow[];
}

type Fact = 'level' | 'class' | 'heating' | 'zone';

const QUESTION: Readonly<Record<Fact | 'type' | 'division', { readonly zh: string; readonly en: string }>> = {
  type: { zh: '请确认机构类型', en: 'say what type of institution it is' },
  division: { zh: '请确认机构所在的市县', en: 'say in which city or county it lies' },
  level: { zh: '请确认机构级别', en: 'say which level it has' },
  class: { zh: '请确认机构的类别', en: 'say which class it has' },
  heating: { zh: '请确认供暖方式', en: 'say how it is heated' },
  zone: { zh: '请确认气候分区', en: 'say which climate zone it lies in' },
};

const question = (fact: keyof typeof QUESTION, choices: readonly string[]): { ok: false; missing: Missing } => {
  const list = choices.length > 0 ? ` (${choices.join(', ')})` : '';
  return {
    ok: false,
    missing: {
      what: `profile.${fact}`,
      reason: `PROFILE_INCOMPLETE: the quota depends on the institution's ${fact}${list}`,
      cure: { zh: QUESTION[fact].zh + list, en: QUESTION[fact].en + list },
    },
  };
};

const noQuota = (ask: QuotaAsk, particulars: string): { ok: false; missing: Missing } =>
  missing('QUOTA_MISSING', `quota:${ask.pack}:${ask.profile.type ?? '?'}:${ask.metric}${particulars}`, {
    zh: '该规则包没有这一项定额；换用其他规则包，或补充有出处的数值',
    en: 'the pack has no such quota; take another pack, or add a sourced row',
  });

function zoneOfPack(catalogue: Catalogue, ask: QuotaAsk): Answer<ZoneRow> {
  const pack = packsOn(catalogue, ask.date).find((candidate) => candidate.pack === ask.pack);
  const { division } = ask.profile;
  if (!pack?.zoneScheme) return question('zone', []);
  if (division === undefined) return question('division', []);
  return zoneFor(catalogue, { scheme: pack.zoneScheme, division, date: ask.date });
}

/** Rows that a fact leaves; a question when they depend on the fact and it is unknown. */
function narrow(
  rows: readonly QuotaRow[],
  fact: Fact,
  value: string | undefined,
  ask: QuotaAsk,
): Answer<readonly QuotaRow[]> {
  const choices = [...new Set(rows.flatMap((row) => row[fact] ?? []))];
  if (choices.length === 0) return { ok: true, value: rows };
  if (value === undefined) return question(fact, choices);
  const left = rows.filter((row) => row[fact] === undefined || row[fact] === value);
  return left.length > 0 ? { ok: true, value: left } : noQuota(ask, `:${fact} ${value}`);
}

/**
 * The one quota row of a pack for an institution and a metric. Facts are asked for only where the rows depend on them: missing names
 * `profile.<fact>`, or the quota, zone or pack that the catalogue lacks. Throws QUOTA_AMBIGUOUS when two standards of the pack both fit.
 */
export function quotaFor(catalogue: Catalogue, ask: QuotaAsk): Answer<QuotaChoice> {
  const { type } = ask.profile;
  if (type === undefined) return question('type', []);
  let rows: readonly QuotaRow[] = rowsUnder(catalogue, 'quota', ask.pack, type).filter(
    (row) => row.metric === ask.metric && validOn(row, ask.date),
  );
  if (rows.length === 0) return noQuota(ask, '');
  for (const fact of ['level', 'class', 'heating'] as const) {
    const narrowed = narrow(rows, fact, ask.profile[fact], ask);
    if (!narrowed.ok) return narrowed;
    rows = narrowed.value;
  }
  let zone: ZoneRow | undefined;
  if (rows.some((row) => row.zone !== undefined)) {
    const answer = zoneOfPack(catalogue, ask);
    if (!answer.ok) return answer;
    zone = answer.value;
    const narrowed = narrow(rows, 'zone', zone.zone, ask);
    if (!narrowed.ok) return narrowed;
    rows = narrowed.value;
  }
  const [row] = rows;
  if (!row || rows.length > 1)
    throw catalogueError('QUOTA_AMBIGUOUS', `several quotas fit: ${rows.map(({ id }) => id).join(', ')}`, {
      place: rows[0]?.id ?? ask.pack,
      cure: 'end the older row, or give the rows a level, zone, heating or class that tells them apart',
    });
  const corrections = rowsUnder(catalogue, 'correction', ask.pack, type).filter((each) => validOn(each, ask.date));
  return { ok: true, value: { row, zone, corrections } };
}

/** Every metric for which the pack has any row for the institution's type, with its quota or what is missing. */
export function quotasFor(
  catalogue: Catalogue,
  ask: Omit<QuotaAsk, 'metric'> & { readonly metric?: Metric | undefined },
): readonly { readonly metric: Metric; readonly answer: Answer<QuotaChoice> }[] {
  const rows = rowsUnder(catalogue, 'quota', ask.pack, ask.profile.type);
  const metrics = ask.metric ? [ask.metric] : METRICS.filter((metric) => rows.some((row) => row.metric === metric));
  return metrics.map((metric) => ({ metric, answer: quotaFor(catalogue, { ...ask, metric }) }));
}
