import type { Random } from './random.ts';
import type { AllocationJson, DatedJson, InstitutionJson, PointJson } from '../input.ts';

const named = (id: string) => ({ zh: id, en: id });

export const institutionsOf = (random: Random, firstDay: number, days: number): InstitutionJson[] => {
  const series = (): DatedJson<number>[] => [
    { from: random.pick([0, firstDay + 1]), value: random.int(0, 300) },
    { from: firstDay + random.int(2, days + 1), value: random.int(0, 300) },
  ];
  return ['b-school', 'a-court', 'c-clinic']
    .slice(0, random.int(1, 3))
    .map((id) => ({ id, name: named(id), headcount: series(), area: series() }));
};

const ruleOf = (random: Random, institutions: readonly InstitutionJson[], subs: readonly string[]): AllocationJson => {
  const ids = institutions.map((institution) => institution.id);
  const among = ids.filter(() => random.chance(0.8));
  const byHead: AllocationJson = {
    basis: random.pick(['area', 'headcount']),
    among,
    of: random.pick([undefined, 1, 500, 2000]),
  };
  const den = random.pick([ids.length, 7, 11]) + 1;
  const shares = ids.map((institution) => ({ institution, share: { num: Math.floor(den / ids.length), den } }));
  const by = ids.flatMap((institution, i) => (subs[i] === undefined ? [] : [{ institution, point: subs[i] }]));
  return random.pick<AllocationJson>([byHead, byHead, { basis: 'fixed', shares }, { basis: 'sub-meter', by }]);
};

const rolesOf = (random: Random, i: number): PointJson['role'] =>
  i === 0 ? 'main' : random.pick(['main', 'sub', 'sub', 'generation', 'export']);

/** A point for every id, the first a main one, and two formulas over them. */
export const pointsOf = (
  random: Random,
  ids: readonly string[],
  institutions: readonly InstitutionJson[],
  firstDay: number,
): PointJson[] => {
  const roles = ids.map((_, i) => rolesOf(random, i));
  const subs = ids.filter((_, i) => roles[i] === 'sub');
  const base = (id: string) => ({ id, name: named(id), carrier: 'electricity' as const, allocations: [] });
  const metered = ids.map((id, i): PointJson => {
    const role = roles[i] ?? 'main';
    const rule = (from: number) => ({ from, value: ruleOf(random, institutions, subs) });
    const allocations = random.chance(0.8) ? [rule(0), rule(firstDay + 2)] : [];
    return role === 'sub' ? { ...base(id), role, parent: ids[0] } : { ...base(id), role, allocations };
  });
  const terms = ids.map((point) => ({ point, sign: random.pick([1, -1] as const) }));
  const outer = [
    { point: 'formula-a', sign: -1 as const },
    { point: ids[0] ?? '', sign: 1 as const },
  ];
  return [
    ...metered,
    { ...base('formula-a'), role: 'formula', terms },
    { ...base('formula-b'), role: 'formula', terms: outer },
  ];
};
