/**
 * Ways in which such a system is known to go wrong (each was seen in some product): put into our sources, they must turn
 * the short suite red. An edit is a text of the source, found exactly once, and what stands there instead.
 */
export interface Mutant {
  readonly name: string;
  readonly file: string;
  readonly edits: readonly (readonly [find: string, put: string])[];
  /** The tests that must see it. */
  readonly suite: readonly string[];
}

const SIMULATION = ['test/simulation'];
const STORE = ['test/contract/ledger'];

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'blind-offset',
    file: 'pipeline/ledger/sql-store.ts',
    edits: [[' and next_offset = ${from} and epoch = ${epoch}', '']],
    suite: STORE,
  },
  {
    name: 'greatest-offset',
    file: 'pipeline/ledger/sql-store.ts',
    edits: [
      [' and next_offset = ${from} and epoch = ${epoch}', ''],
      ['set next_offset = ${to},', 'set next_offset = greatest(next_offset, ${to}),'],
    ],
    suite: STORE,
  },
  {
    name: 'offset-in-a-transaction-of-its-own',
    file: 'pipeline/ledger/sql-store.ts',
    edits: [
      [
        'await despiteStill(db, { log: batch.log, partition: batch.partition, signal }, (tx) => writeAll(tx, batch));',
        'await writeAll(db as never, batch);',
      ],
    ],
    suite: STORE,
  },
  {
    name: 'acknowledge-before-fsync',
    file: 'test/support/memory-spool.ts',
    edits: [['      return done;\n', '      return Promise.resolve();\n']],
    suite: SIMULATION,
  },
  {
    name: 'acknowledge-before-fsync-in-the-file',
    file: 'collectors/spool/file.ts',
    edits: [['pragma synchronous = full;', 'pragma synchronous = off;']],
    suite: ['test/collectors/spool/fsync.test.ts'],
  },
  {
    name: 'drop-on-revoke',
    file: 'pipeline/ledger/worker.ts',
    edits: [
      [
        'revoked: (numbers) => inTurn(() => drop(numbers)),',
        `revoked: (numbers) => inTurn(async () => {
          for (const n of numbers) {
            const partition = partitions.get(n);
            partition?.brackets.touched.splice(0);
            partition?.gauges.touched.splice(0);
            if (partition) await checkpoint(partition);
            partitions.delete(n);
          }
        }),`,
      ],
    ],
    suite: SIMULATION,
  },
  {
    name: 'poison-swallowed',
    file: 'pipeline/ledger/batch.ts',
    edits: [["      quarantined.push({ record, ordinal: -1, reason: 'not-a-frame', detail: parsed.detail });\n", '']],
    suite: SIMULATION,
  },
  {
    name: 'float-sums',
    file: 'pipeline/ledger/volume.ts',
    edits: [['  timesFloor(face, ratio) +', '  (face * ratio.num) / ratio.den +']],
    suite: ['test/pipeline/rollup/late.test.ts'],
  },
  {
    name: 'local-time-in-buckets',
    file: 'pipeline/domain/slot.ts',
    edits: [
      [
        'Math.floor(at / slotMs) * slotMs;',
        'Math.floor((at - new Date(at).getTimezoneOffset() * 60_000) / slotMs) * slotMs + new Date(at).getTimezoneOffset() * 60_000;',
      ],
    ],
    suite: SIMULATION,
  },
  {
    name: 'first-wins-on-corrections',
    file: 'pipeline/ledger/join.ts',
    edits: [['  rankA > rankB || (rankA === rankB && valueA > valueB);', '  rankA > rankB;']],
    suite: SIMULATION,
  },
  {
    name: 'merged-by-arrival',
    file: 'pipeline/ledger/join.ts',
    edits: [['    at > bracket.last.at\n', '    at !== bracket.last.at\n']],
    suite: SIMULATION,
  },
  {
    name: 'merged-by-arrival-on-the-hot-path',
    file: 'pipeline/ledger/fold-frames.ts',
    edits: [['  if (into > last) {\n', '  if (into !== last) {\n']],
    suite: ['test/pipeline/ledger/fold-frames.test.ts'],
  },
];
