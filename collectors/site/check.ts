import { say, SLOT_MINUTES, type Registry, type SlotMinutes, type Zone, zoneOf } from '#domain';
import type { CollectorPlan } from '../contract.ts';
import { readDocument } from './document.ts';
import { resolveMountings } from './mountings.ts';
import { suggest } from './nearest.ts';
import { resolveConnections, resolveDevices } from './network.ts';
import { resolvePoints } from './points.ts';
import { type Problem, told } from './problem.ts';
import type { SiteFile } from './schema.ts';
import { checkDuplicateIds, type Models, type Scope, type Section, take } from './scope.ts';
import { resolveInstitutions, resolvePremises, textOf } from './series.ts';
import { shapeOf, valueAt } from './shape.ts';
import { readDuration } from './texts.ts';

export interface CheckOptions extends Models {
  /** Name of the file, for the places of problems. */
  readonly file: string;
}

export interface CheckedSite {
  readonly registry: Registry;
  readonly plan: CollectorPlan;
  /** The device models that it was checked with. */
  readonly models: Models['models'];
}

export type SiteCheck = CheckedSite | { readonly problems: readonly Problem[] };

/** Reads a site file: what it says, or every mistake in it in the order of the text. Pure; never throws for the text. */
export function checkSite(text: string, { file, models, resolveRegister }: CheckOptions): SiteCheck {
  const document = readDocument(text, file);
  if (!document.readable) return { problems: sorted(document.problems) };
  const shaped = shapeOf(document.value, document.report);
  if (!shaped) return { problems: sorted(document.problems) };
  const { report } = document;
  const zone = zoneFrom(shaped.file, report);
  const scope: Scope = {
    file: shaped.file,
    zone,
    models,
    resolveRegister,
    ids: idsOf(document.value),
    report: (path, ...rest) => report(shaped.original(path), ...rest),
  };
  const checked = resolveSite(scope);
  return document.problems.length > 0 ? { problems: sorted(document.problems) } : checked;
}

function resolveSite(scope: Scope): CheckedSite {
  checkDuplicateIds(scope);
  const { site } = scope.file;
  const slotMinutes = slotFrom(scope);
  const institutions = resolveInstitutions(scope);
  const premises = resolvePremises(scope);
  const connections = resolveConnections(scope);
  const network = resolveDevices(scope);
  const points = resolvePoints(scope, institutions);
  const { mountings, handDevices } = resolveMountings(scope);
  return {
    registry: {
      site: { id: site.id, name: textOf(site.name), zone: scope.zone.name, slotMinutes },
      institutions,
      premises,
      devices: [...network.devices, ...handDevices],
      points,
      mountings,
    },
    plan: { site: site.id, connections, devices: network.planned },
    models: scope.models,
  };
}

const UTC: Zone = { name: 'UTC', offsetAt: () => 0 };

function zoneFrom(file: SiteFile, report: Scope['report']): Zone {
  const name = file.site.zone;
  const wrong = say(`"${name}" 不是时区`, `"${name}" is not a time zone`);
  const zone = take(
    { report },
    ['site', 'zone'],
    told(() => zoneOf(name), wrong, suggestZone(name)),
  );
  return zone ?? UTC;
}

const suggestZone = (name: string): ReturnType<typeof say> => {
  const names = Intl.supportedValuesOf('timeZone');
  const near = suggest(name, names);
  return near.en.startsWith('Did')
    ? near
    : say('请写 IANA 名称，例如 Asia/Shanghai', 'Write an IANA name, such as Asia/Shanghai');
};

function slotFrom(scope: Scope): SlotMinutes {
  const text = scope.file.site.slot;
  const ms = take(scope, ['site', 'slot'], readDuration(text));
  const found = SLOT_MINUTES.find((minutes) => minutes * 60_000 === ms);
  if (ms !== undefined && found === undefined) {
    scope.report(
      ['site', 'slot'],
      'SLOT_INVALID',
      say(`${text} 不能作为时段`, `${text} will not do as the slot`),
      say('请写 15 min、30 min 或 60 min', 'Write 15 min, 30 min or 60 min'),
    );
  }
  return found ?? 60;
}

/** Ids as written, also of entries whose shape is wrong, so that references to them are not called mistakes. */
function idsOf(value: unknown): Scope['ids'] {
  const of = (section: Section): ReadonlySet<string> => {
    const list = valueAt(value, [section]);
    return new Set(Array.isArray(list) ? list.map((entry) => String(valueAt(entry, ['id']))) : []);
  };
  return {
    institutions: of('institutions'),
    premises: of('premises'),
    connections: of('connections'),
    devices: of('devices'),
    points: of('points'),
  };
}

const sorted = (problems: readonly Problem[]): readonly Problem[] =>
  [...problems].sort((a, b) => a.line - b.line || a.column - b.column);
