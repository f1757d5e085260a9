import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatInstant, type MeterEventBody, rational, zoneOf } from '#domain';
import { eventBodySchema, parseEventBody, showEventBody } from '../../../api/http/event-shape.ts';

const at = fc.integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2030, 0, 1) });
const id = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,20}$/);
const face = fc.integer({ min: 0, max: 10 ** 9 });
const ratio = fc
  .tuple(fc.integer({ min: 1, max: 9_999 }), fc.integer({ min: 1, max: 99 }))
  .map(([a, b]) => rational(a, b));

const body: fc.Arbitrary<MeterEventBody> = fc.oneof(
  fc.record({ kind: fc.constant('replacement' as const), point: id, at, final: face, serial: id, multiplier: ratio }),
  fc.record({ kind: fc.constant('reset' as const), device: id, register: id, at, initial: face }),
  fc.record({ kind: fc.constant('multiplier' as const), point: id, from: at, multiplier: ratio }),
  fc.record({ kind: fc.constant('exclude' as const), device: id, register: id, from: at, to: at }),
  fc.record({ kind: fc.constant('admit' as const), device: id, register: id, at, amount: fc.integer() }),
);

describe('a meter event', () => {
  it.each(['Asia/Shanghai', 'Europe/London', 'UTC'])(
    'that was shown can be sent again and means the same, in %s',
    (name) => {
      const zone = zoneOf(name);
      fc.assert(
        fc.property(body, (event) => {
          const again = parseEventBody(eventBodySchema.parse(showEventBody(event, zone)), zone);
          expect(again).toEqual(event);
        }),
      );
    },
  );

  it('takes a day for `exclude` as far as its end', () => {
    const zone = zoneOf('Asia/Shanghai');
    const text = eventBodySchema.parse({
      kind: 'exclude',
      device: 'd',
      register: 'e1',
      from: '2026-03-05',
      to: '2026-03-05',
    });
    const parsed = parseEventBody(text, zone);
    expect(parsed.kind === 'exclude' && [formatInstant(parsed.from, zone), formatInstant(parsed.to, zone)]).toEqual([
      '2026-03-05T00:00:00+08:00',
      '2026-03-06T00:00:00+08:00',
    ]);
  });
});
