import { type Mounting, oneOf, parseQuantity, type Register, type Registry, requestError } from '#domain';

interface RegisterRef {
  readonly device: string;
  readonly register: string;
}

/** The meter at a point at an instant. Throws POINT_UNKNOWN, POINT_WITHOUT_METER. */
export function meterAt(registry: Registry, point: string, at: number): RegisterRef {
  if (!registry.points.some(({ id }) => id === point)) {
    throw requestError('POINT_UNKNOWN', `there is no point "${point}"`, {
      place: '--point',
      ...oneOf(registry.points.map(({ id }) => id)),
    });
  }
  const mounting = registry.mountings.findLast((one) => one.point === point && isMounted(one, at));
  if (!mounting) {
    throw requestError('POINT_WITHOUT_METER', `no meter was mounted at "${point}" then`, {
      place: '--at',
      cure: 'check the instant, or the mountings of the site file',
    });
  }
  return { device: mounting.device, register: mounting.register };
}

/** Throws REGISTER_UNKNOWN. */
export function registerIn(registry: Registry, { device, register }: RegisterRef): Register {
  const found = registry.devices.find(({ id }) => id === device)?.registers.find(({ name }) => name === register);
  if (found) return found;
  throw requestError('REGISTER_UNKNOWN', `there is no register ${device}/${register}`, {
    place: '--register',
    cure: 'civicmeter registers lists the registers of the site',
  });
}

/**
 * What stands on the meter's face at an instant, in face units, from a quantity with its unit (or a count, where the register
 * is kept in counts). Throws QUANTITY_INVALID, GAUGE_NOT_COUNTED.
 */
export function faceOf(registry: Registry, ref: RegisterRef, at: number, text: string, place: string): number {
  const { carrier, scale, isCounts } = countedAt(registry, ref, at);
  const counts = /^\s*(\d+)\s*(?:counts?|pulses?|个|脉冲)\s*$/.exec(text)?.[1];
  if (counts !== undefined && isCounts) return Number(counts);
  if (carrier === undefined) {
    throw requestError('QUANTITY_INVALID', `nobody has said what a pulse of ${ref.device}/${ref.register} is worth`, {
      place,
      cure: 'write it in counts, such as "123 counts"',
    });
  }
  const base = parseQuantity(text, carrier);
  const face = (base * scale.den) / scale.num;
  if (Number.isSafeInteger(face)) return face;
  throw requestError('QUANTITY_INVALID', `${text} is no whole number on the face of ${ref.device}/${ref.register}`, {
    place,
    cure: `one unit of its face is ${scale.num}/${scale.den} base units; write it in counts, such as "123 counts"`,
  });
}

/** A pulse counter knows neither its carrier nor its scale; the meter that is mounted on it does. */
function countedAt(
  registry: Registry,
  ref: RegisterRef,
  at: number,
): Pick<Register, 'carrier' | 'scale'> & { readonly isCounts: boolean } {
  const { kind, carrier, scale } = registerIn(registry, ref);
  if (kind === 'gauge') {
    throw requestError('GAUGE_NOT_COUNTED', `${ref.device}/${ref.register} is a gauge and counts nothing`, {
      place: '--register',
      cure: 'name a counter',
    });
  }
  if (carrier !== undefined) return { carrier, scale, isCounts: scale.num !== 1 || scale.den !== 1 };
  const mounting = registry.mountings.findLast(
    (one) => one.device === ref.device && one.register === ref.register && isMounted(one, at),
  );
  const point = registry.points.find(({ id }) => id === mounting?.point);
  return { carrier: point?.carrier, scale: mounting?.scale ?? scale, isCounts: true };
}

const isMounted = ({ mountedAt, removedAt }: Mounting, at: number): boolean =>
  (mountedAt ?? -Infinity) <= at && at <= (removedAt ?? Infinity);
