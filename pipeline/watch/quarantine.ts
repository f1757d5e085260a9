import type { Kysely } from 'kysely';
import { instantText, requestError } from '#domain';
import type { Tables } from '../books/tables.ts';
import type { Page, QuarantineAnswer, QuarantineQuery } from '../service.ts';

/** Oldest first; the cursor is the last id seen. Throws CURSOR_INVALID. */
export async function listQuarantine(db: Kysely<Tables>, query: QuarantineQuery): Promise<Page<QuarantineAnswer>> {
  const after = Number(query.cursor ?? 0);
  if (!Number.isSafeInteger(after) || after < 0)
    throw requestError('CURSOR_INVALID', 'the cursor is not one of ours', { cure: 'begin again without a cursor' });
  let select = db.selectFrom('quarantine').selectAll().where('id', '>', after);
  if (query.site !== undefined) select = select.where('site', '=', query.site);
  if (query.reason !== undefined) select = select.where('reason', '=', query.reason);
  const rows = await select
    .orderBy('id')
    .limit(query.limit + 1)
    .execute();
  const page = rows.slice(0, query.limit);
  return {
    items: page.map((r) => ({
      id: r.id,
      partition: r.partition,
      offset: r.log_offset,
      reason: r.reason,
      detail: r.detail,
      device: r.device,
      register: r.register,
      at: r.at === null ? null : instantText(r.at),
      value: r.value,
      // the table takes no other
      state: r.state as QuarantineAnswer['state'],
    })),
    ...(rows.length > query.limit ? { next: String(page.at(-1)?.id) } : {}),
  };
}
