import type { Kysely } from 'kysely';
import { type Registry, requestError } from '#domain';
import type { ApplyAnswer, ApplyOptions, RegistryChange } from '../../service.ts';
import { markDirty } from '../dirty.ts';
import type { Tables } from '../tables.ts';
import { loadEvents } from '../meter-events.ts';
import { lockRegistries } from './edition.ts';
import { inheritedMarks } from './inherited.ts';
import { loadRegistry } from './load.ts';
import { planRegistry } from './plan.ts';
import type { PlannedChange } from './planned.ts';
import { writeRegistry } from './write.ts';

/**
 * Brings the registry of the target's site to what the target says, or answers what that would change. `tx` is a
 * transaction; all of it is taken or nothing. Writes the tables, one registry_change per change, the next
 * registry_version, and marks what is to be computed again. Throws CLAIM_MISSING, SLOT_FIXED.
 */
export async function applyRegistry(
  tx: Kysely<Tables>,
  target: Registry,
  options: ApplyOptions & { readonly now: number },
): Promise<ApplyAnswer> {
  const site = target.site.id;
  const claim = claimOf(options);
  await lockRegistries(tx);
  const old = await loadRegistry(tx, site);
  const planned = planRegistry(old, target, options.now);
  const taken = planned.filter((p) => options.take === 'all' || p.addition);
  const answer: ApplyAnswer = {
    site,
    taken: changesOf(taken),
    left: changesOf(planned.filter((p) => !taken.includes(p))),
    committed: options.commit,
  };
  if (!options.commit || taken.length === 0) return answer;
  const next = taken.reduce((registry, { patch }) => patch(registry), old ?? EMPTY(target));
  await writeRegistry(tx, old, next);
  await tx
    .insertInto('registry_change')
    .values(
      taken.map((p) => ({
        site,
        at: options.now,
        by_name: claim.by,
        reason: claim.reason,
        change: JSON.stringify(p.change),
      })),
    )
    .execute();
  await markDirty(
    tx,
    [...taken.flatMap((p) => p.marks), ...inheritedMarks(old, next, await loadEvents(tx, site), taken)].map((mark) => ({
      site,
      ...mark,
    })),
  );
  return answer;
}

const changesOf = (planned: readonly PlannedChange[]): readonly RegistryChange[] => planned.map((p) => p.change);

const EMPTY = ({ site }: Registry): Registry => ({
  site,
  institutions: [],
  premises: [],
  devices: [],
  points: [],
  mountings: [],
});

function claimOf({ take, commit, by, reason }: ApplyOptions): { readonly by: string; readonly reason: string } {
  if (by?.trim() && reason?.trim()) return { by, reason };
  if (take === 'additions' || !commit) return { by: by ?? 'start', reason: reason ?? 'additions of the site file' };
  throw requestError('CLAIM_MISSING', 'a change of the registry needs a name and a reason', {
    cure: 'say who changes it and why: --by NAME --reason TEXT',
  });
}
