import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kilowatts, powerNow, powerSchema } from '../../../api/http/power.ts';
import { fakeRegistry } from '../../support/fake-registry.ts';
import { contextOf, NOW } from './setup.ts';

const liveNow = () => contextOf().service.live('compound');

describe('electric power now', () => {
  it('of the compound is the sum of its premises, and of a premises the sum of its main points', async () => {
    const power = powerNow(fakeRegistry, await liveNow(), NOW);
    const sum = (values: readonly (number | null)[]): number => values.reduce<number>((a, b) => a + (b ?? 0), 0);
    expect(sum(power.premises.map(({ watts }) => watts))).toBe(power.total.watts);
    expect(sum(power.points.map(({ watts }) => watts))).toBe(power.total.watts);
    expect(power.points.map(({ point }) => point)).toEqual(['p-tower', 'p-hall', 'p-archive', 'p-canteen']);
  });

  it('goes through the current transformers as energy does', async () => {
    const live = (await liveNow()).map((one) =>
      one.device === 'dev-p-tower' && one.register === 'p1' ? { ...one, value: 1_500_000 } : one,
    );
    expect(powerNow(fakeRegistry, live, NOW).points[0]).toMatchObject({ watts: 120_000, display: '120.00' });
  });

  it('is unknown, not zero, where a meter does not answer', async () => {
    const live = (await liveNow()).map((one) => ({ ...one, state: 'silent' as const }));
    expect(powerNow(fakeRegistry, live, NOW)).toMatchObject({
      total: { watts: null, display: null },
      answering: 0,
      of: 4,
    });
  });

  it('counts a main point whose meter tells no power among those of its premises, as among all', async () => {
    const devices = fakeRegistry.devices.map((device) =>
      device.id === 'dev-p-tower'
        ? { ...device, registers: device.registers.filter(({ kind }) => kind !== 'gauge') }
        : device,
    );
    const power = powerNow({ ...fakeRegistry, devices }, await liveNow(), NOW);
    expect(power).toMatchObject({ answering: 3, of: 4 });
    expect(power.premises.map(({ answering, of }) => `${answering}/${of}`)).toContain('0/1');
    expect(power.premises.reduce((total, { of }) => total + of, 0)).toBe(4);
    expect(power.points).toHaveLength(3);
  });

  it('of garbage beyond every whole number is unknown, and does not take the others along', async () => {
    const mountings = fakeRegistry.mountings.map((one) =>
      one.device === 'dev-p-tower' ? { ...one, multiplier: { num: 8_000, den: 1 } } : one,
    );
    const live = (await liveNow()).map((one) =>
      one.device === 'dev-p-tower' && one.register === 'p1' ? { ...one, value: Number.MAX_SAFE_INTEGER } : one,
    );
    const power = powerNow({ ...fakeRegistry, mountings }, live, NOW);
    expect(power.points[0]).toMatchObject({ watts: null, display: null });
    expect(powerSchema.parse(power)).toMatchObject({ answering: 3, of: 4 });
  });

  it('is shown to ten watts, half up', () => {
    expect([0, 4, 5, 994, 995, 123_456, -5_000].map(kilowatts)).toEqual([
      '0.00',
      '0.00',
      '0.01',
      '0.99',
      '1.00',
      '123.46',
      '-5.00',
    ]);
    fc.assert(
      fc.property(
        fc.integer({ min: -1e9, max: 1e9 }),
        (watts) => Math.abs(Math.round(Number(kilowatts(watts)) * 1_000) - watts) <= 5,
      ),
    );
  });
});
