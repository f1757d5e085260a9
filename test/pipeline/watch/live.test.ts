import { afterAll, describe, expect, it, vi } from 'vitest';
import { HOUR, MINUTE, type Registry } from '../../../pipeline/domain/index.ts';
import { encodeFrame } from '../../../pipeline/log/port.ts';
import type { LiveAnswer } from '../../../pipeline/index.ts';
import { systemClock } from '../../../pipeline/platform/index.ts';
import { createLiveWatch } from '../../../pipeline/watch/live-watch.ts';
import { silentTelemetry, stopPostgres } from '../../support/postgres.ts';
import { local, ONE, openSmallSite, SITE, smallRegistry } from '../../support/small-site.ts';

afterAll(stopPostgres);

const NOW = '2026-03-05T12:00';
const plain = smallRegistry([{ point: 'p' }, { point: 'q' }]);
/** The first device is polled every minute and has a second counter and a gauge; nobody reads the second device. */
const registry: Registry = {
  ...plain,
  devices: plain.devices.map((d, i) => ({
    ...d,
    model: 'meter',
    intervalMs: MINUTE,
    registers:
      i > 0
        ? d.registers
        : [
            ...d.registers,
            { name: 'e2', kind: 'counter', carrier: 'electricity', unit: 'Wh', scale: ONE },
            { name: 'p', kind: 'gauge', unit: 'mW', scale: ONE },
          ],
  })),
  points: [...plain.points, ...plain.points.slice(0, 1).map((p) => ({ ...p, id: 'r' }))],
  mountings: [
    ...plain.mountings,
    ...plain.mountings.slice(0, 1).map((m) => ({ ...m, id: 'r/s7', serial: 's7', point: 'r', register: 'e2' })),
  ],
};

describe('live values', () => {
  it('are the latest of each register, with the meter that stands there and the age of the reading', async () => {
    const site = await openSmallSite(registry, NOW);
    try {
      const producer = await site.log.producer();
      let seq = 0;
      const append = (at: number, r: readonly (readonly [string, number])[]): Promise<void> =>
        producer.append([
          {
            device: 'd-p',
            value: encodeFrame({ v: 1, src: '00000002', site: SITE, device: 'd-p', seq: seq++, at, r }),
          },
        ]);
      const now = local(NOW);
      // e2 falls silent four days before, while its device goes on
      for (let day = 9; day >= 1; day--)
        await append(
          now - day * 24 * HOUR,
          day >= 4
            ? [
                ['e', 100 - day],
                ['e2', 50 - day],
                ['p', day],
              ]
            : [['e', 100 - day]],
        );
      await append(now - 5 * MINUTE, [['e', 200]]);
      await append(now - 2 * MINUTE, [['p', -31]]);
      await append(now - 30 * MINUTE, [['e', 150]]);
      await site.consume();
      const live = new Map((await site.service.live(SITE)).map((l) => [`${l.device}/${l.register}`, l]));
      expect(live.get('d-p/e')).toMatchObject({
        value: 200,
        at: '2026-03-05T11:55:00+08:00',
        state: 'late',
        point: 'p',
        serial: 's1',
        kind: 'counter',
        carrier: 'electricity',
      });
      expect(live.get('d-p/p')).toMatchObject({ value: -31, state: 'live', point: null, kind: 'gauge', carrier: null });
      expect(live.get('d-p/e2')).toMatchObject({ value: 46, state: 'silent', point: 'r', serial: 's7' });
      expect(live.get('d-q/e')).toMatchObject({ value: null, at: null, state: 'never', point: 'q' });
    } finally {
      await site.close();
    }
  });
});

describe('the last value of a gauge', () => {
  it('stands also where it fell silent days before, and fifteen registers of its device went on', async () => {
    const gauge = (name: string) => ({ name, kind: 'gauge' as const, unit: 'mW' as const, scale: ONE });
    const others = Array.from({ length: 15 }, (_, i) => gauge(`g${i}`));
    const devices = registry.devices.map((d, i) => (i > 0 ? d : { ...d, registers: [...d.registers, ...others] }));
    const last = others.at(-1)?.name ?? '';
    const site = await openSmallSite({ ...registry, devices }, NOW);
    try {
      const producer = await site.log.producer();
      for (let day = 6; day >= 0; day--) {
        const at = local(NOW) - day * 24 * HOUR;
        const r = [['p', day], ...(day === 6 ? [[last, 17] as const] : [])] as const;
        const value = encodeFrame({ v: 1, src: '00000002', site: SITE, device: 'd-p', seq: 6 - day, at, r });
        await producer.append([{ device: 'd-p', value }]);
      }
      await site.consume();
      const live = new Map((await site.service.live(SITE)).map((l) => [`${l.device}/${l.register}`, l]));
      expect(live.get('d-p/p')).toMatchObject({ value: 0, state: 'live' });
      expect(live.get(`d-p/${last}`)).toMatchObject({ value: 17, at: '2026-02-27T12:00:00+08:00', state: 'silent' });
    } finally {
      await site.close();
    }
  });
});

describe('the last value of a gauge that fell silent while the others of its part went on', () => {
  it('stands with its time, as long as gauges are kept', async () => {
    const site = await openSmallSite(registry, NOW);
    try {
      const producer = await site.log.producer();
      const devices = registry.devices.map((d, i) =>
        i > 0
          ? d
          : {
              ...d,
              registers: [...d.registers, { name: 'u', kind: 'gauge' as const, unit: 'mV' as const, scale: ONE }],
            },
      );
      await site.service.applyRegistry({ ...registry, devices }, { take: 'all', commit: true, by: 't', reason: 't' });
      for (let day = 40; day >= 0; day--) {
        const at = local(NOW) - day * 24 * HOUR;
        const r = [...(day >= 30 ? [['p', day] as const] : []), ['u', 230 + day] as const];
        const value = encodeFrame({ v: 1, src: '00000002', site: SITE, device: 'd-p', seq: 40 - day, at, r });
        await producer.append([{ device: 'd-p', value }]);
      }
      await site.consume();
      const live = async () => new Map((await site.service.live(SITE)).map((l) => [`${l.device}/${l.register}`, l]));
      expect((await live()).get('d-p/u')).toMatchObject({ value: 230, state: 'live' });
      const silent = { value: 30, at: '2026-02-03T12:00:00+08:00', state: 'silent' };
      expect((await live()).get('d-p/p')).toMatchObject(silent);
      const value = encodeFrame({
        v: 1,
        src: '00000002',
        site: SITE,
        device: 'd-p',
        seq: 41,
        at: local(NOW),
        r: [['p', 7]],
      });
      await producer.append([{ device: 'd-p', value }]);
      await site.consume();
      expect((await live()).get('d-p/p')).toMatchObject({ value: 7, state: 'live' });
    } finally {
      await site.close();
    }
  });
});

const answer = (value: number): LiveAnswer => ({
  device: 'd',
  register: 'e',
  kind: 'counter',
  point: null,
  serial: null,
  carrier: null,
  unit: 'Wh',
  value,
  at: null,
  state: 'live',
});

describe('watching', () => {
  it('hands on what changed while somebody listens, survives a failed look, and looks no more when nobody does', async () => {
    let [value, looks, failing] = [1, 0, false];
    const watch = createLiveWatch({
      clock: systemClock,
      telemetry: silentTelemetry(),
      everyMs: 5,
      latest: async () => {
        looks += 1;
        if (failing) throw new Error('the books are away');
        return [answer(value), { ...answer(7), register: 'still' }];
      },
    });
    const seen: (readonly (number | null)[])[] = [];
    const leave = watch.subscribe('s', (changed) => seen.push(changed.map((c) => c.value)));
    await vi.waitFor(() => expect(seen).toEqual([[1, 7]]));
    value = 2;
    await vi.waitFor(() => expect(seen).toEqual([[1, 7], [2]]));
    failing = true;
    const before = looks;
    await vi.waitFor(() => expect(looks).toBeGreaterThan(before + 2));
    value = 3;
    failing = false;
    await vi.waitFor(() => expect(seen.at(-1)).toEqual([3]));
    leave();
    leave();
    const settled = looks;
    let again = 0;
    const other = watch.subscribe('s', () => (again += 1));
    await vi.waitFor(() => expect(again).toBe(1));
    expect(looks).toBeGreaterThan(settled);
    other();
    expect(seen).toHaveLength(3);
    watch.stop();
  });

  it('tells whoever comes later everything first: what changed since it asked by itself is among it', async () => {
    let value = 1;
    const watch = createLiveWatch({
      clock: systemClock,
      telemetry: silentTelemetry(),
      everyMs: 5,
      latest: async () => [answer(value)],
    });
    const told: Record<'first' | 'second', (number | null)[]> = { first: [], second: [] };
    watch.subscribe('s', (changed) => told.first.push(...changed.map((c) => c.value)));
    await vi.waitFor(() => expect(told.first).toEqual([1]));
    value = 2;
    await vi.waitFor(() => expect(told.first).toEqual([1, 2]));
    watch.subscribe('s', (changed) => told.second.push(...changed.map((c) => c.value)));
    await vi.waitFor(() => expect(told.second).toEqual([2]));
    value = 3;
    await vi.waitFor(() => expect(told).toEqual({ first: [1, 2, 3], second: [2, 3] }));
    watch.stop();
  });
});
