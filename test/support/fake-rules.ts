import { createHash } from 'node:crypto';
import { invariantError } from '../../pipeline/domain/index.ts';
import type { RulesService } from '../../pipeline/index.ts';

const notFaked = (): Promise<never> => Promise.reject(invariantError('NOT_FAKED', 'the fake does not answer this'));

/** Answers nothing but what a test gives it. */
export const fakeRules = (given: Partial<RulesService> = {}): RulesService => ({
  warm: async () => undefined,
  facts: async () => undefined,
  applyFacts: notFaked,
  quantities: async () => [],
  importQuantities: notFaked,
  keepDocument: async (_site, { name, bytes }, by) => ({
    sha256: createHash('sha256').update(bytes).digest('hex'),
    name,
    bytes: bytes.length,
    by,
    at: '2026-03-12T14:20:00+08:00',
  }),
  document: async (_site, sha256) => ({
    document: { sha256, name: '三月 bill.pdf', bytes: 4, by: 'wang', at: '2026-03-12T14:20:00+08:00' },
    content: Buffer.from('%PDF'),
  }),
  quantityTemplate: async () => Buffer.from('PK'),
  temperature: async ({ site, series }) => ({
    site,
    from: '2026-03-01',
    to: '2026-04-01',
    source: { kind: 'series', name: series ?? 'lanzhou', sources: ['Lanzhou 52889'], files: [] },
    coverage: 1 / 31,
    days: [{ day: '2026-03-01', celsius: -3.5, hours: 24, of: 24 }],
    missing: [],
  }),
  importTemperature: async (site, { name, drafts }, { series, commit }) => ({
    site,
    series,
    file: name,
    step: 'day',
    rows: drafts.length,
    added: drafts.length,
    unchanged: 0,
    replaced: 0,
    incomplete: [],
    refused: [],
    committed: commit,
  }),
  baseline: notFaked,
  indicators: notFaked,
  judge: notFaked,
  targets: notFaked,
  decompose: notFaked,
  costs: notFaked,
  convert: notFaked,
  factors: async () => ({ rows: [], total: 0 }),
  confirmations: async () => [],
  confirmRow: async (row, word) => ({ row, hash: 'ab'.repeat(32), at: '2026-03-12', stands: true, ...word }),
  factorMoves: async (site) => ({ site, changed: [], closed: [], open: [] }),
  ...given,
});
