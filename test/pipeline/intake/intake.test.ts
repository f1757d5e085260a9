import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GatewayReport } from '../../../pipeline/domain/index.ts';
import { createKey, type Intake, listKeys, openIntake, openService, revokeKey } from '../../../pipeline/index.ts';
import { systemClock } from '../../../pipeline/platform/index.ts';
import { memoryLog } from '../../support/memory-log.ts';
import { freshBooks, type FreshBooks, silentTelemetry, stopPostgres } from '../../support/postgres.ts';
import { smallRegistry } from '../../support/small-site.ts';

afterAll(stopPostgres);

let fresh: FreshBooks;
let log: ReturnType<typeof memoryLog>;
let telemetry: ReturnType<typeof silentTelemetry>;
let intake: Intake;
const clock = { ...systemClock, now: () => 1_767_225_600_000 };
const holder = { id: '00000001', site: 'demo' };

beforeEach(async () => {
  fresh = await freshBooks();
  telemetry = silentTelemetry();
  log = memoryLog([]);
  const service = openService({ books: fresh.books, log, clock, telemetry });
  for (const id of ['demo', 'other']) {
    const registry = smallRegistry([{ point: 'a' }]);
    const one = { ...registry, site: { ...registry.site, id } };
    await service.applyRegistry(one, { take: 'all', commit: true, by: 'wang', reason: 'test' });
  }
  await service.stop();
  intake = await openIntake({ books: fresh.books, log, clock, telemetry });
});
afterEach(async () => {
  await intake.close();
  await fresh.close();
});

const frame = (
  seq: number,
  more: Partial<Record<'src' | 'site', string>> & { readonly value?: number } = {},
): Uint8Array => {
  const { value = seq, ...ids } = more;
  return Buffer.from(
    JSON.stringify({ v: 1, src: 'aaaaaaaa', site: 'demo', device: 'd-a', ...ids, seq, at: 1_000, r: [['e', value]] }),
  );
};
const inLog = async (): Promise<readonly string[]> => {
  const all: string[] = [];
  for (let partition = 0; partition < log.partitionCount; partition++) {
    for await (const records of log.scan(partition, 0))
      all.push(...records.map(({ value }) => Buffer.from(value).toString()));
  }
  return all;
};

describe('frames of a gateway', () => {
  it('go into the log byte for byte, and the answer says which are durable', async () => {
    const lines = [frame(7), frame(8), frame(10)];
    expect(await intake.take(holder, lines)).toMatchObject({
      durable: {
        aaaaaaaa: [
          [7, 9],
          [10, 11],
        ],
      },
      malformed: [],
      foreign: [],
    });
    expect((await inLog()).toSorted()).toEqual(lines.map(String).toSorted());
  });

  it('that are sent again are durable and stand there once, also after the intake was opened again', async () => {
    await intake.take(holder, [frame(1), frame(2)]);
    expect((await intake.take(holder, [frame(2), frame(3), frame(3)])).durable).toEqual({ aaaaaaaa: [[2, 4]] });
    const again = await openIntake({ books: fresh.books, log, clock, telemetry });
    expect((await again.take(holder, [frame(1), frame(3)])).durable).toEqual({
      aaaaaaaa: [
        [1, 2],
        [3, 4],
      ],
    });
    await again.close();
    expect(await inLog()).toHaveLength(3);
  });

  it('that have a number again with another content are kept as well, and told', async () => {
    await intake.take(holder, [frame(1)]);
    expect((await intake.take(holder, [frame(1, { value: 99 })])).durable).toEqual({ aaaaaaaa: [[1, 2]] });
    expect(await inLog()).toHaveLength(2);
    expect(await telemetry.counts()).toMatchObject({ 'civicmeter_frames_repeated_otherwise_total{site="demo"}': 1 });
  });

  it('that have one number with two contents in one request are both kept as well, and told', async () => {
    const lines = [frame(1), frame(1, { value: 99 }), frame(1, { value: 99 })];
    expect((await intake.take(holder, lines)).durable).toEqual({ aaaaaaaa: [[1, 2]] });
    expect((await inLog()).toSorted()).toEqual(lines.slice(0, 2).map(String).toSorted());
    expect(await telemetry.counts()).toMatchObject({ 'civicmeter_frames_repeated_otherwise_total{site="demo"}': 1 });
    await intake.take(holder, [frame(1, { value: 99 })]);
    expect(await inLog()).toHaveLength(2);
  });

  it('of another site than the key’s are refused and counted, the others taken', async () => {
    const answer = await intake.take(holder, [frame(1, { site: 'other' }), frame(2)]);
    expect(answer).toMatchObject({ durable: { aaaaaaaa: [[2, 3]] }, foreign: [0] });
    expect(await inLog()).toHaveLength(1);
    expect(await telemetry.counts()).toMatchObject({ 'civicmeter_frames_foreign_total{site="demo"}': 1 });
  });

  it('of a spool that came with another site first, or of this log itself, are refused', async () => {
    await intake.take({ id: '00000002', site: 'other' }, [frame(1, { site: 'other' })]);
    expect(await intake.take(holder, [frame(2)])).toMatchObject({ durable: {}, foreign: [0] });
  });

  it('that are none go to the log, and so to quarantine', async () => {
    const poison = [Buffer.from('{"v":1'), Buffer.from([0xff, 0xfe]), frame(5)];
    expect(await intake.take(holder, poison)).toMatchObject({ malformed: [0, 1], durable: { aaaaaaaa: [[5, 6]] } });
    expect(await inLog()).toHaveLength(3);
  });

  it('have a number that no spool comes to go to quarantine as well, told as malformed', async () => {
    expect(await intake.take(holder, [frame(2 ** 53 - 1), frame(5)])).toMatchObject({
      malformed: [0],
      durable: { aaaaaaaa: [[5, 6]] },
    });
    expect(await telemetry.counts()).toMatchObject({ 'civicmeter_frames_malformed_total{site="demo"}': 1 });
  });
});

describe('a key', () => {
  it('opens for its site until it is revoked, and only as it was told', async () => {
    const { db } = fresh.books;
    const { key, text } = await createKey(db, { site: 'demo', by: 'wang', now: 5 });
    expect(await intake.identify(text)).toEqual({ id: key.id, site: 'demo' });
    for (const wrong of [
      '',
      text.slice(0, -1),
      `${text.slice(0, -1)}${text.endsWith('A') ? 'B' : 'A'}`,
      text.replace(key.id, '00000000'),
    ])
      expect(await intake.identify(wrong), wrong).toBeUndefined();
    expect(JSON.stringify(await db.selectFrom('intake_key').selectAll().execute())).not.toContain(text.slice(13));
    expect((await revokeKey(db, key.id, 9)).revokedAt).toBe(9);
    expect((await revokeKey(db, key.id, 11)).revokedAt).toBe(9);
    expect(await intake.identify(text)).toBeUndefined();
    expect(await listKeys(db)).toEqual([{ ...key, revokedAt: 9 }]);
  });

  it('is made for a site that there is, and revoked where there is one', async () => {
    const { db } = fresh.books;
    await expect(createKey(db, { site: 'nowhere', by: 'wang', now: 1 })).rejects.toMatchObject({
      code: 'SITE_UNKNOWN',
    });
    await expect(revokeKey(db, 'nix', 1)).rejects.toMatchObject({ code: 'KEY_UNKNOWN' });
  });
});

describe('what a gateway says of itself', () => {
  const report = (devices: GatewayReport['devices'], site = 'demo'): GatewayReport => ({
    src: 'aaaaaaaa',
    site,
    devices,
    waiting: { frames: 12, oldestAt: 1_000 },
    notStored: 0,
    clockSteps: [{ at: 2_000, byMs: -3_600_000 }],
  });

  it('leaves the status standing where its clock is beyond every calendar', async () => {
    const { key } = await createKey(fresh.books.db, { site: 'demo', by: 'wang', now: 5 });
    const odd = { waiting: { frames: 1, oldestAt: 9e15 }, clockSteps: [{ at: -9e15, byMs: 1 }] };
    await intake.report({ id: key.id, site: 'demo' }, { ...report({}), ...odd });
    const service = openService({ books: fresh.books, log, clock, telemetry });
    const shown = { oldestAt: '9000000000000000', clockSteps: [{ at: '-9000000000000000', byMs: 1 }] };
    expect((await service.status()).gateways.find((one) => one.key === key.id)).toMatchObject(shown);
    await service.stop();
    await revokeKey(fresh.books.db, key.id, 6);
  });

  it('is compared with the registry, both ways, and stands in the status', async () => {
    const { key } = await createKey(fresh.books.db, { site: 'demo', by: 'wang', now: 5 });
    await fresh.books.db.updateTable('device').set({ connection: 'line' }).where('site', '=', 'demo').execute();
    const mine = { id: key.id, site: 'demo' };
    expect(await intake.report(mine, report({ 'd-a': ['x'], ghost: ['e'] }))).toMatchObject({
      unknownHere: ['d-a/x', 'ghost/e'],
      notRead: ['d-a/e'],
    });
    expect(await intake.report(mine, report({ 'd-a': ['e'] }))).toMatchObject({ unknownHere: [], notRead: [] });
    await intake.report(mine, report({ 'd-a': ['x'] }));
    const service = openService({ books: fresh.books, log, clock, telemetry });
    expect(await service.status()).toMatchObject({
      gateways: [
        {
          key: key.id,
          site: 'demo',
          src: 'aaaaaaaa',
          waiting: 12,
          unknownHere: ['d-a/x'],
          clockSteps: [{ byMs: -3_600_000 }],
        },
      ],
      notRead: ['demo: d-a/e'],
    });
    await revokeKey(fresh.books.db, key.id, 9);
    expect(await service.status()).toMatchObject({ gateways: [], notRead: [] });
    await service.stop();
  });

  it('is refused where it is of another site than the key', async () => {
    await expect(intake.report(holder, report({}, 'other'))).rejects.toMatchObject({ code: 'INTAKE_FOREIGN' });
  });
});
