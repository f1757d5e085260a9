import { decodeBrackets, decodeGauges } from '../../pipeline/books/codec.ts';
import type { Directory } from '../../pipeline/ledger/directory.ts';
import type { LogRecord } from '../../pipeline/log/port.ts';
import { admit, type Reading } from '../oracle/admission.ts';
import { bracketsOf, gaugeSlotsOf } from '../oracle/brackets.ts';
import { meters } from '../oracle/mountings.ts';
import type { RegistryJson } from '../oracle/input.ts';
import { groupBy } from '../oracle/numbers.ts';
import type { MemoryBooks } from '../support/memory-store.ts';
import { REGISTRY } from './building.ts';
import type { Coverage } from './coverage.ts';

export interface Comparison {
  /** Readings of the log that the books neither folded nor quarantined. */
  readonly lost: number;
  /** Readings beyond those of the log: counted twice, or made up. */
  readonly doubled: number;
  /** Lines of brackets and gauges that the oracle has not, and that it has and the books have not. */
  readonly differing: number;
  readonly examples: readonly string[];
}

const SLOT_MS = 3_600_000;
/** Plain JSON, as the oracle wants it. */
const REGISTRY_JSON = JSON.parse(JSON.stringify(REGISTRY)) as RegistryJson;
const MOUNTED = meters(REGISTRY_JSON, []);

/** The books against the oracle, which knows only the log. */
export function compare(
  books: MemoryBooks,
  records: readonly LogRecord[],
  directory: Directory,
  coverage: Coverage,
): Comparison {
  const verdicts = records.flatMap(({ appendedAt, value }) =>
    admit({ appendedAt, value: Buffer.from(value).toString() }, REGISTRY_JSON, MOUNTED),
  );
  const readings = verdicts.flatMap((verdict) => ('folded' in verdict ? [verdict.folded] : []));
  const expected = new Set(linesOfOracle(readings));
  const found = new Set(linesOfBooks(books, directory, coverage));
  const missing = [...expected].filter((line) => !found.has(line));
  const surplus = [...found].filter((line) => !expected.has(line));
  const { counts, quarantine } = books;
  for (const { reason } of quarantine.values()) coverage.hit(`refused ${reason}`);
  const refused = verdicts.length - readings.length;
  const gaps = [counts.records - records.length, counts.folded - readings.length, quarantine.size - refused];
  return {
    lost: gaps.reduce((sum, gap) => sum + Math.max(0, -gap), 0),
    doubled: gaps.reduce((sum, gap) => sum + Math.max(0, gap), 0),
    differing: missing.length + surplus.length,
    examples: [...missing.slice(0, 3).map((l) => `missing ${l}`), ...surplus.slice(0, 3).map((l) => `surplus ${l}`)],
  };
}

type Claimed = { readonly at: number; readonly value: bigint | number; readonly rank: number };
type Stamped = Claimed & { readonly other?: { readonly value: bigint | number; readonly rank: number } | undefined };

const stampText = ({ at, value, rank, other }: Stamped): string =>
  `${at} ${value} ${rank} ${other?.value ?? '-'} ${other?.rank ?? '-'}`;

const linesOfOracle = (readings: readonly Reading[]): readonly string[] =>
  [...groupBy(readings, ({ device, register }) => `${device} ${register.name}`)].flatMap(([key, own]) =>
    own[0]?.register.kind === 'gauge'
      ? gaugeSlotsOf(own, SLOT_MS).map((s) => `${key} ${s.start} ${s.min} ${s.max} ${s.lastAt} ${s.last}`)
      : bracketsOf(own, SLOT_MS, []).map((b) => `${key} ${b.start} ${stampText(b.first)} ${stampText(b.last)}`),
  );

function linesOfBooks({ rows }: MemoryBooks, { byKey }: Directory, coverage: Coverage): readonly string[] {
  const names = new Map(
    [...byKey.values()].flatMap(({ key, id, registers }) =>
      [...registers.values()].map(({ ordinal, name }) => [`${key}:${ordinal}`, `${id} ${name}`]),
    ),
  );
  const nameOf = (deviceKey: number, ordinal: number): string => String(names.get(`${deviceKey}:${ordinal}`));
  const stamped = (stamp: Stamped): string => {
    if (stamp.other) coverage.hit('seen contradictionKept');
    return stampText(stamp);
  };
  const brackets = [...rows.bracket.values()].flatMap(({ deviceKey, day, payload }) =>
    [...decodeBrackets(day, payload)].flatMap(([ordinal, list]) =>
      list.map((b) => `${nameOf(deviceKey, ordinal)} ${b.start} ${stamped(b.first)} ${stamped(b.last)}`),
    ),
  );
  const gauges = [...rows.gauge.values()].flatMap(({ deviceKey, day, payload }) =>
    [...decodeGauges(day, payload)].flatMap(([ordinal, list]) =>
      list.map((s) => `${nameOf(deviceKey, ordinal)} ${s.start} ${s.min} ${s.max} ${s.lastAt} ${s.last}`),
    ),
  );
  return [...brackets, ...gauges];
}
