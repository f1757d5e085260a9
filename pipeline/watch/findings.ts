import { type Kysely, sql } from 'kysely';
import { z } from 'zod';
import { formatInstant, kept, type LocalText, requestError, zoneOf } from '#domain';
import type { FindingAnswer } from '../answers.ts';
import type { Tables } from '../books/tables.ts';
import type { DirectorySite } from '../ledger/directory.ts';
import type { FindingQuery, Page } from '../service.ts';

/** What a person can do about a finding. */
const CURES: Readonly<Record<FindingAnswer['kind'], LocalText>> = {
  outlier: {
    zh: '该读数不可信，未计入。若确属真实，登记 admit 事件；若反复出现，检查额定参数、通信线路或表计。',
    en: 'This reading is not believed and not booked. If it is right, record an `admit` event; if it recurs, check the rating, the line or the meter.',
  },
  pending: {
    zh: '最新读数与此前不符，等待后续读数确认。',
    en: 'The newest readings do not follow from the ones before; later readings will decide.',
  },
  break: {
    zh: '读数跳变，物理上不可能，差额未计入。登记 replacement（换表）、reset（清零）或 admit（认可）事件说明原因。',
    en: 'The register jumped by more than physics allows; nothing is booked for it. Explain it by a `replacement`, `reset` or `admit` event.',
  },
  gap: {
    zh: '期间没有读数；用量按时间分摊并标记为内插。可补录读数。',
    en: 'No readings in between; the usage is spread over the gap and marked. Readings from the meter or a file can still be imported.',
  },
  conflict: {
    zh: '同一时刻有两个不同读数；采用质量等级较高、数值较大者。',
    en: 'Two different readings claim one instant; the one of the higher rank, then the greater, is used.',
  },
};

export const cureOf = (kind: FindingAnswer['kind']): LocalText => CURES[kind];

/** Latest first. The cursor is opaque. Throws CURSOR_INVALID, POINT_UNKNOWN. */
export async function listFindings(
  db: Kysely<Tables>,
  site: DirectorySite,
  query: FindingQuery,
): Promise<Page<FindingAnswer>> {
  const zone = zoneOf(site.registry.site.zone);
  if (query.point !== undefined && !site.registry.points.some(({ id }) => id === query.point)) {
    throw requestError('POINT_UNKNOWN', `there is no point "${query.point}"`, {
      place: query.point,
      cure: 'use one of those that `civicmeter registers` or GET /api/v1/points lists',
    });
  }
  const points = new Map([...site.registers.values()].flatMap((r) => r.mountings.map((m) => [m.id, m.point] as const)));
  const wanted =
    query.point === undefined ? undefined : [...points].filter(([, point]) => point === query.point).map(([id]) => id);
  let select = db.selectFrom('finding').selectAll().where('site', '=', site.registry.site.id);
  if (query.kind !== undefined) select = select.where('kind', '=', query.kind);
  if (wanted !== undefined) select = select.where('mounting', 'in', [...wanted, '']);
  if (query.cursor !== undefined) {
    const { to, mounting, kind, from } = decodeCursor(query.cursor);
    select = select.where(
      sql<boolean>`(to_at, mounting, kind, from_at) < (${to}::int8, ${mounting}, ${kind}, ${from}::int8)`,
    );
  }
  const rows = await select
    .orderBy('to_at', 'desc')
    .orderBy('mounting', 'desc')
    .orderBy('kind', 'desc')
    .orderBy('from_at', 'desc')
    .limit(query.limit + 1)
    .execute();
  const page = rows.slice(0, query.limit);
  const last = page.at(-1);
  return {
    items: page.map((f) => ({
      // the table takes no other kinds
      kind: f.kind as FindingAnswer['kind'],
      site: f.site,
      point: points.get(f.mounting) ?? null,
      meter: f.mounting,
      device: f.device,
      register: f.register,
      from: formatInstant(f.from_at, zone),
      to: formatInstant(f.to_at, zone),
      fromValue: f.from_value,
      toValue: f.to_value,
      explained: f.explained,
      cure: cureOf(f.kind as FindingAnswer['kind']),
    })),
    ...(rows.length > query.limit && last
      ? { next: encodeCursor({ to: last.to_at, mounting: last.mounting, kind: last.kind, from: last.from_at }) }
      : {}),
  };
}

const word = kept(z.string());
const cursorSchema = z.tuple([z.int(), word, word, z.int()]);

interface Cursor {
  readonly to: number;
  readonly mounting: string;
  readonly kind: string;
  readonly from: number;
}

const encodeCursor = (c: Cursor): string =>
  Buffer.from(JSON.stringify([c.to, c.mounting, c.kind, c.from])).toString('base64url');

function decodeCursor(text: string): Cursor {
  try {
    const [to, mounting, kind, from] = cursorSchema.parse(JSON.parse(Buffer.from(text, 'base64url').toString()));
    return { to, mounting, kind, from };
  } catch {
    // falls through to the one refusal below
  }
  throw requestError('CURSOR_INVALID', 'the cursor is not one of ours', { cure: 'begin again without a cursor' });
}
