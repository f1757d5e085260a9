import { type Register, say, type Zone } from '#domain';
import type { DeviceModel, ModelRegister } from '../contract.ts';
import { suggest } from './nearest.ts';
import type { Path, Report, Told } from './problem.ts';
import type { SiteFile } from './schema.ts';

/** The device models that a site may name, and how a register of one becomes a register of the registry. */
export interface Models {
  readonly models: ReadonlyMap<string, DeviceModel>;
  readonly resolveRegister: (register: ModelRegister) => Register;
}

const SECTIONS = ['institutions', 'premises', 'connections', 'devices', 'points'] as const;
export type Section = (typeof SECTIONS)[number];

/** What every check sees: the file's parts of right shape, its ids (also of parts left out), and where to report. */
export interface Scope extends Models {
  readonly file: SiteFile;
  readonly zone: Zone;
  readonly ids: Readonly<Record<Section, ReadonlySet<string>>>;
  readonly report: Report;
}

/** The value, or nothing and a report. */
export function take<T>(scope: Pick<Scope, 'report'>, path: Path, told: Told<T>): T | undefined {
  if (told.ok) return told.value;
  scope.report(path, told.code, told.wrong, told.instead);
  return undefined;
}

const NAMES = {
  institutions: say('机构', 'institution'),
  premises: say('场所', 'premises'),
  connections: say('连接', 'connection'),
  devices: say('设备', 'device'),
  points: say('测点', 'point'),
} as const;

/** True if the id is defined; else it is reported with what was probably meant. */
export function checkReference(scope: Scope, section: Section, id: string, path: Path, onKey = false): boolean {
  if (scope.ids[section].has(id)) return true;
  const name = NAMES[section];
  scope.report(
    path,
    'REFERENCE_UNKNOWN',
    say(`没有${name.zh} "${id}"`, `There is no ${name.en} "${id}"`),
    suggest(id, [...scope.ids[section]]),
    onKey,
  );
  return false;
}

export function checkDuplicateIds(scope: Scope): void {
  for (const section of SECTIONS) {
    const first = new Map<string, number>();
    for (const [i, { id }] of scope.file[section].entries()) {
      const earlier = first.get(id);
      if (earlier === undefined) first.set(id, i);
      else {
        const name = NAMES[section];
        scope.report(
          [section, i, 'id'],
          'ID_TWICE',
          say(
            `${name.zh} "${id}" 已经有了（第 ${earlier + 1} 个）`,
            `The ${name.en} "${id}" is there already (number ${earlier + 1})`,
          ),
          say('请换一个 id', 'Give it another id'),
        );
      }
    }
  }
}

/** Reports each entry of a parent chain or formula that leads back to itself. */
export function checkCycles(
  edges: ReadonlyMap<string, readonly string[]>,
  found: (id: string, around: readonly string[]) => void,
): void {
  const state = new Map<string, 'open' | 'done'>();
  const visit = (id: string, trail: readonly string[]): void => {
    if (state.get(id) === 'done') return;
    if (state.get(id) === 'open') return found(id, [...trail.slice(trail.indexOf(id)), id]);
    state.set(id, 'open');
    for (const next of edges.get(id) ?? []) visit(next, [...trail, id]);
    state.set(id, 'done');
  };
  for (const id of edges.keys()) visit(id, []);
}
