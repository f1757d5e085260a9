import { readFileSync } from 'node:fs';
import { createCompound, createWorld, type Fault, history, scheduleFaults } from '../../fixtures/simulator/index.ts';
import { checkFacts } from '../../collectors/site/facts/index.ts';
import type { Registry, SiteFacts } from '../../pipeline/domain/index.ts';
import { DAY } from '../../pipeline/domain/index.ts';
import { openService, type Service } from '../../pipeline/index.ts';
import { systemClock } from '../../pipeline/platform/index.ts';
import { memoryLog } from './memory-log.ts';
import { type FreshBooks, freshBooks, silentTelemetry } from './postgres.ts';
import { consumeAll, plant } from './run-books.ts';
import { check, models } from './sites.ts';

const textOf = (name: string): string => readFileSync(new URL(`../../fixtures/sites/${name}`, import.meta.url), 'utf8');

export function compoundRegistry(): Registry {
  const checked = check(textOf('compound.yaml'));
  if ('problems' in checked) throw new Error('the compound has problems');
  return checked.registry;
}

export function compoundFacts(registry: Registry): SiteFacts {
  const checked = checkFacts(textOf('compound.facts.yaml'), { file: 'compound.facts.yaml', registry });
  if ('problems' in checked) throw new Error(JSON.stringify(checked.problems));
  return checked.facts;
}

export interface CompoundBooks extends FreshBooks {
  readonly registry: Registry;
  readonly facts: SiteFacts;
  /** A service whose clock stands at `now`. */
  readonly serviceAt: (now: number, rulesFolder?: string) => Service;
}

/** Every kind of fault twice, spread over the span. */
export const everyFault = (from: number, to: number): readonly Fault[] =>
  scheduleFaults(createCompound(7, models), { seed: 3, from, to });

/** Books of the simulated compound with days of readings, hourly and undisturbed unless told otherwise, and its facts. */
export async function compoundBooks(
  from: number,
  to: number,
  { stepMinutes = 60, faults = [] }: { readonly stepMinutes?: number; readonly faults?: readonly Fault[] } = {},
): Promise<CompoundBooks> {
  const registry = compoundRegistry();
  const facts = compoundFacts(registry);
  const world = createWorld(createCompound(7, models), faults);
  const fresh = await freshBooks();
  let seq = 0;
  const records = [...history(world, { from, to, stepMinutes })].flatMap((batch, day) =>
    batch.map((draft) => ({
      device: draft.device,
      appendedAt: from + (day + 1) * DAY,
      value: Buffer.from(JSON.stringify({ v: 1, src: '0123abcd', seq: seq++, ...draft })),
    })),
  );
  await plant(fresh.books, registry, []);
  await consumeAll(fresh.books, memoryLog(records));
  const serviceAt = (now: number, rulesFolder?: string): Service =>
    openService({
      books: fresh.books,
      clock: { now: () => now, sleep: systemClock.sleep },
      telemetry: silentTelemetry(),
      rulesFolder,
    });
  const service = serviceAt(to);
  await service.rules.applyFacts(facts, { commit: true, by: 'test', reason: 'test' });
  await service.stop();
  return { ...fresh, registry, facts, serviceAt };
}
