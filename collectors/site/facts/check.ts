import {
  CARRIER_LABELS,
  type ExcludedFacts,
  type InstitutionFacts,
  type PointFacts,
  type Registry,
  registerKey,
  say,
  type SiteFacts,
  type TargetFacts,
  TEMPERATURE_UNIT,
  type TemperatureSource,
  zoneOf,
} from '#domain';
import { readDocument } from '../document.ts';
import { shapeBy, schemaTextOf } from '../form.ts';
import type { Problem } from '../problem.ts';
import { readCount } from '../texts.ts';
import { FACTS_FORM, type FactsFile } from './schema.ts';
import { type FactsScope, known, seriesOf, taken } from './scope.ts';
import { resolveTariffs } from './tariffs.ts';
import { readChange, readMonth } from './texts.ts';

export interface FactsCheckOptions {
  /** Name of the file, for the places of problems. */
  readonly file: string;
  /** Of the site: names that it does not know are then mistakes too. */
  readonly registry?: Registry | undefined;
}

export type FactsCheck = { readonly facts: SiteFacts } | { readonly problems: readonly Problem[] };

/** Whether a YAML text says that it is a facts file: its head is `facts: <site>`. */
export const isFactsFile = (text: string): boolean => /^facts\s*:/m.test(text) && !/^site\s*:/m.test(text);

/** What docs/schema/facts.schema.json holds. */
export const factsSchemaText = (): string => schemaTextOf(FACTS_FORM);

/** Reads a facts file: what it says, or every mistake in it in the order of the text. Pure; never throws for the text. */
export function checkFacts(text: string, { file, registry }: FactsCheckOptions): FactsCheck {
  const document = readDocument(text, file);
  const { report } = document;
  const shaped = document.readable ? shapeBy(FACTS_FORM, document.value, report) : undefined;
  if (!shaped) return { problems: sorted(document.problems) };
  const scope: FactsScope = {
    file: shaped.file,
    zone: zoneOf(registry?.site.zone ?? 'Asia/Shanghai'),
    registry,
    report: (path, ...rest) => report(shaped.original(path), ...rest),
  };
  const facts = resolveFacts(scope);
  return document.problems.length > 0 ? { problems: sorted(document.problems) } : { facts };
}

function resolveFacts(scope: FactsScope): SiteFacts {
  const { file, registry } = scope;
  if (registry) known(scope, [registry.site.id], file.facts, ['facts'], '站点', 'site');
  refuseTwice(
    scope,
    'institutions',
    file.institutions.map((one) => one.id),
    'id',
  );
  refuseTwice(
    scope,
    'points',
    file.points.map((one) => one.point),
    'point',
  );
  refuseTwice(
    scope,
    'tariffs',
    file.tariffs.map((one) => one.id),
    'id',
  );
  refuseTwice(
    scope,
    'targets',
    file.targets.map((one) => one.id),
    'id',
  );
  return {
    site: file.facts,
    institutions: file.institutions.map((_, i) => institutionOf(scope, i)).filter((one) => one !== undefined),
    tariffs: resolveTariffs(scope),
    points: file.points.map((_, i) => pointOf(scope, i)).filter((one) => one !== undefined),
    targets: file.targets.map((_, i) => targetOf(scope, i)).filter((one) => one !== undefined),
    ...(file.temperature && { temperature: temperatureOf(scope, file.temperature) }),
  };
}

function refuseTwice(scope: FactsScope, section: string, ids: readonly string[], key: string): void {
  for (const [i, id] of ids.entries()) {
    const first = ids.indexOf(id);
    if (first === i) continue;
    scope.report(
      [section, i, key],
      'ID_TWICE',
      say(`"${id}" 已经有了（第 ${first + 1} 个）`, `"${id}" is there already (number ${first + 1})`),
      say('请合并两者，或删去其中一个', 'Merge them, or remove one of them'),
    );
  }
}

function institutionOf(scope: FactsScope, i: number): InstitutionFacts | undefined {
  const entry = scope.file.institutions[i];
  if (!entry) return undefined;
  const path = ['institutions', i] as const;
  if (scope.registry)
    known(
      scope,
      scope.registry.institutions.map((one) => one.id),
      entry.id,
      [...path, 'id'],
      '机构',
      'institution',
    );
  const series = (key: 'heatedArea' | 'students' | 'patients' | 'visitors' | 'beds') =>
    seriesOf(scope, entry[key], [...path, key], key === 'heatedArea' ? 'area' : 'persons');
  return {
    id: entry.id,
    type: entry.type,
    level: entry.level,
    division: entry.division === undefined ? undefined : String(entry.division),
    grade: entry.grade,
    heating: entry.heating,
    class: entry.class,
    hoursPerYear: entry.hoursPerYear,
    heatedArea: series('heatedArea'),
    students: series('students'),
    patients: series('patients'),
    visitors: series('visitors'),
    beds: series('beds'),
    bedDays: Object.entries(entry.bedDays ?? {}).flatMap(([text, value]) => {
      const month = taken(scope, [...path, 'bedDays', text], readMonth(text));
      const whole = value >= 0 ? value : undefined;
      if (whole === undefined)
        taken(scope, [...path, 'bedDays', text], readCount(value, [], say('床日数', 'bed-days')));
      return month === undefined || whole === undefined ? [] : [{ month, value: whole }];
    }),
    excluded: entry.excluded.map((one, k): ExcludedFacts => {
      const at = [...path, 'excluded', k];
      return {
        use: one.use,
        area: seriesOf(scope, one.area, [...at, 'area'], 'area'),
        persons: seriesOf(scope, one.persons, [...at, 'persons'], 'persons'),
      };
    }),
  };
}

function pointOf(scope: FactsScope, i: number): PointFacts | undefined {
  const entry = scope.file.points[i];
  if (!entry) return undefined;
  const { registry, file } = scope;
  const point = registry?.points.find((one) => one.id === entry.point);
  if (registry)
    known(
      scope,
      registry.points.map((one) => one.id),
      entry.point,
      ['points', i, 'point'],
      '测点',
      'point',
    );
  const tariff = file.tariffs.find((one) => one.id === entry.tariff);
  if (entry.tariff !== undefined) {
    const ids = file.tariffs.map((one) => one.id);
    known(scope, ids, entry.tariff, ['points', i, 'tariff'], '电价或价格', 'tariff');
  }
  if (point && tariff && tariff.carrier !== point.carrier) {
    scope.report(
      ['points', i, 'tariff'],
      'TARIFF_CARRIER',
      say(
        `测点 ${point.id} 计量${CARRIER_LABELS[point.carrier].zh}，而 ${tariff.id} 是${CARRIER_LABELS[tariff.carrier].zh}的价格`,
        `The point ${point.id} measures ${point.carrier}, ${tariff.id} is a tariff of ${tariff.carrier}`,
      ),
      say('请换成同一能源的价格', 'Name a tariff of the same carrier'),
    );
  }
  return { point: entry.point, use: entry.use, tariff: entry.tariff };
}

function targetOf(scope: FactsScope, i: number): TargetFacts | undefined {
  const entry = scope.file.targets[i];
  if (!entry) return undefined;
  const { registry } = scope;
  if (registry && entry.institution !== undefined) {
    const ids = registry.institutions.map((one) => one.id);
    known(scope, ids, entry.institution, ['targets', i, 'institution'], '机构', 'institution');
  }
  if (entry.targetYear <= entry.baseYear) {
    scope.report(
      ['targets', i, 'targetYear'],
      'YEARS_ORDER',
      say('目标年不晚于基准年', 'The target year is not after the base year'),
      say('请核对两个年份', 'Check the two years'),
    );
  }
  if ((entry.change === undefined) === (entry.cap === undefined)) {
    scope.report(
      ['targets', i],
      'TARGET_UNCLEAR',
      say('change 和 cap 必须且只能写一个', 'Exactly one of change and cap says what the target is'),
      say('请写 change: -5 %，或 cap 加 unit', 'Write change: -5 %, or cap with unit'),
    );
  }
  const change =
    entry.change === undefined ? undefined : taken(scope, ['targets', i, 'change'], readChange(entry.change));
  const { id, institution, metric, baseYear, targetYear, cap, unit, source } = entry;
  return { id, institution, metric, baseYear, targetYear, change, cap, unit, source };
}

function temperatureOf(scope: FactsScope, entry: NonNullable<FactsFile['temperature']>): TemperatureSource {
  if ('series' in entry) return { kind: 'series', name: entry.series };
  const [device = '', register = ''] = entry.gauge.split('/');
  if (scope.registry) {
    const gauges = scope.registry.devices.flatMap((one) =>
      one.registers
        .filter((r) => r.kind === 'gauge' && r.unit === TEMPERATURE_UNIT)
        .map((r) => registerKey(one.id, r.name)),
    );
    known(scope, gauges, entry.gauge, ['temperature', 'gauge'], '温度瞬时量', 'temperature gauge');
  }
  return { kind: 'gauge', device, register };
}

const sorted = (problems: readonly Problem[]): readonly Problem[] =>
  [...problems].sort((a, b) => a.line - b.line || a.column - b.column);
