import {
  baseUnitOf,
  formatInstant,
  type FrameDraft,
  invariantError,
  type Registry,
  registerKey,
  requestError,
  zoneOf,
} from '#domain';
import { namingOf, type Readings, readReadings } from '../../../collectors/import/index.ts';
import type { Spool } from '../../../collectors/spool/port.ts';
import type { Service } from '../../../pipeline/service.ts';
import type { ImportReadings, ImportReport } from '../../http/import-port.ts';

const FRAMES_PER_APPEND = 2_000;

/** What the API does with a file: the same way in as the CLI, for the process that owns the spool. */
export const createImporter =
  ({ service, spool }: { readonly service: Service; readonly spool: Spool }): ImportReadings =>
  async ({ site, fileName, bytes, commit }) => {
    const registry = await service.registry(site);
    const readings = await readReadings(bytes, fileName, { registry });
    if (commit) await appendReadings(spool, readings.frames);
    return reportOf(readings, registry, commit);
  };

/** Writes frames to the spool; resolves when all are durable. Throws the reason of the signal: the same file again adds what is missing. */
export async function appendReadings(
  spool: Pick<Spool, 'append'>,
  frames: readonly FrameDraft[],
  report?: (done: number, total: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  for (let at = 0; at < frames.length; at += FRAMES_PER_APPEND) {
    signal?.throwIfAborted();
    await spool.append(frames.slice(at, at + FRAMES_PER_APPEND));
    report?.(Math.min(at + FRAMES_PER_APPEND, frames.length), frames.length);
  }
}

/** What CLI and API answer about a file of readings. */
export function reportOf(
  { understood, frames, refused }: Readings,
  registry: Registry,
  committed: boolean,
): ImportReport {
  const zone = zoneOf(registry.site.zone);
  const spans = new Map<string, { device: string; register: string; readings: number; from: number; to: number }>();
  for (const { device, at, r } of frames) {
    for (const [register] of r) {
      const key = registerKey(device, register);
      const span = spans.get(key) ?? { device, register, readings: 0, from: at, to: at };
      spans.set(key, {
        ...span,
        readings: span.readings + 1,
        from: Math.min(span.from, at),
        to: Math.max(span.to, at),
      });
    }
  }
  return {
    site: registry.site.id,
    fileName: understood.name,
    committed,
    form: understood.form,
    rows: understood.rows,
    readings: understood.readings,
    duplicates: understood.duplicates,
    blanks: understood.blanks,
    refused: refused.map(({ row, column, reason, code, text }) => ({
      row,
      column: column === undefined ? null : String(column),
      reason: `${code}: ${reason.en}`,
      text,
    })),
    registers: [...spans.values()].map((span) => ({
      ...span,
      from: formatInstant(span.from, zone),
      to: formatInstant(span.to, zone),
    })),
  };
}

/**
 * Readings as a plain CSV in UTC and base units, which is read without any option: how a file that the CLI has
 * understood reaches the process that owns the spool. Throws IMPORT_NOT_EXACT.
 */
export function plainCsv(frames: readonly FrameDraft[], registry: Registry): string {
  const naming = namingOf(registry);
  const lines = frames.flatMap(({ device, at, r }) =>
    r.map(([register, value]) => {
      const key = registerKey(device, register);
      const named = naming(key);
      const target = named.ok ? named.value(at) : named;
      if (!target.ok) throw invariantError('IMPORT_NOT_NAMED', `${key} was understood and is ${target.reason.en}`);
      const { scale, carrier } = target.value;
      const amount = decimal(BigInt(value) * BigInt(scale.num), BigInt(scale.den), key);
      return `${key},${new Date(at).toISOString()},${amount},${baseUnitOf(carrier)}`;
    }),
  );
  return ['register,time,value,unit', ...lines, ''].join('\n');
}

function decimal(num: bigint, den: bigint, key: string): string {
  if (num < 0n) return `-${decimal(-num, den, key)}`;
  for (let places = 0, scaled = num; places <= 12; places++, scaled *= 10n) {
    if (scaled % den !== 0n) continue;
    const digits = String(scaled / den).padStart(places + 1, '0');
    return places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`;
  }
  throw requestError('IMPORT_NOT_EXACT', `a step of ${key} is no decimal of its base unit`, {
    place: key,
    cure: 'end the running program, import the file, and start again',
  });
}
