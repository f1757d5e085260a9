import { z } from 'zod';
import { type Carrier, displayUnitOf, inUnit, type Rational, registerKey, type Registry, scaleFloor } from '#domain';
import { type LiveAnswer, liveSchema } from '../../pipeline/answers.ts';

/** A register's state with its value as a person reads it off the meter's face, before any transformer ratio. */
export const shownRegisterSchema = liveSchema
  .extend({
    display: z.string().nullable().describe('value in displayUnit; of counts to the base unit, rounded down'),
    displayUnit: z.string(),
    carrier: liveSchema.shape.carrier.describe('of the register, or of the point that it stands at'),
  })
  .meta({ id: 'ShownRegister' });

export type ShownRegister = z.infer<typeof shownRegisterSchema>;

/** Gives each state its display. Counters of the registry in the unit of their carrier, gauges in whole units. */
export function shownBy(registry: Registry): (state: LiveAnswer) => ShownRegister {
  const counters = countersOf(registry);
  return (state) => {
    const counter = counters.get(registerKey(state.device, state.register));
    if (counter === undefined) return { ...state, ...showGauge(state) };
    const { carrier, scale } = counter;
    return {
      ...state,
      carrier,
      displayUnit: displayUnitOf(carrier),
      display: state.value === null ? null : showCounter(state.value, scale, carrier),
    };
  };
}

interface CounterFace {
  readonly carrier: Carrier;
  /** Base units per face unit. */
  readonly scale: Rational;
}

/** A pulse counter knows neither its carrier nor its scale; the meter that is mounted on it does. */
function countersOf({ devices, mountings, points }: Registry): ReadonlyMap<string, CounterFace> {
  const byKey = new Map<string, CounterFace>();
  for (const { id, registers } of devices) {
    for (const { name, kind, carrier, scale } of registers) {
      if (kind === 'counter' && carrier !== undefined) byKey.set(registerKey(id, name), { carrier, scale });
    }
  }
  const carriers = new Map(points.map(({ id, carrier }) => [id, carrier]));
  const inOrder = mountings.toSorted((a, b) => (a.mountedAt ?? -Infinity) - (b.mountedAt ?? -Infinity));
  for (const { device, register, point, scale } of inOrder) {
    const carrier = carriers.get(point);
    if (carrier !== undefined) byKey.set(registerKey(device, register), { carrier, scale });
  }
  return byKey;
}

const showCounter = (value: number, { num, den }: Rational, carrier: Carrier): string =>
  inUnit(scaleFloor(value, num, den), displayUnitOf(carrier), carrier);

/** Gauges come in thousandths of their unit: mW, mV, m°C; power is read in kW. */
function showGauge({ value, unit }: LiveAnswer): { readonly display: string | null; readonly displayUnit: string } {
  const [displayUnit, digits] = unit === 'mW' ? ['kW', 6] : /^m./u.test(unit) ? [unit.slice(1), 3] : [unit, 0];
  return { displayUnit, display: value === null ? null : decimal(value, digits) };
}

function decimal(value: number, digits: number): string {
  const text = String(Math.abs(value)).padStart(digits + 1, '0');
  const [whole, fraction] =
    digits === 0 ? [text, ''] : [text.slice(0, -digits), text.slice(-digits).replace(/0+$/, '')];
  return `${value < 0 ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}
