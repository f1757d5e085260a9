import {
  baseUnitOf,
  type Carrier,
  CARRIER_LABELS,
  type Device,
  type Mounting,
  multiplyRational,
  ONE,
  type Rational,
  type Register,
  say,
} from '#domain';
import type { DeviceModel, ModelRegister } from '../contract.ts';
import { suggest } from './nearest.ts';
import { HAND_PREFIX } from './network.ts';
import type { Path } from './problem.ts';
import { checkTransformer, primaryRate } from './rating.ts';
import type { MeterEntry, PointEntry } from './schema.ts';
import { checkReference, type Scope, take } from './scope.ts';
import { readInstant, readModulus, readPulse, readQuantity, readRatio, readUnit } from './texts.ts';

/** A mounting, and where its parts stand in the file. */
export interface Placed {
  readonly mounting: Mounting;
  readonly path: Path;
}

export const HAND_REGISTER = 'r';
const MAX_MULTIPLIER = 1_000_000;

/** The register that a meter is read by: its scale (base units per face unit), wrap, and the unit printed on the face. */
interface Face {
  readonly device: string;
  readonly register: string;
  readonly scale: Rational;
  readonly modulus?: number | undefined;
  readonly unit?: string | undefined;
}

export const handDeviceId = (point: string): string => `${HAND_PREFIX}${point}`;

/** The device that stands for the meters of a point without a connection: one register `r` in base units of the carrier. */
export const handDevice = (point: string, carrier: Carrier): Device => ({
  id: handDeviceId(point),
  model: 'manual',
  intervalMs: 0,
  registers: [{ name: HAND_REGISTER, kind: 'counter', carrier, unit: baseUnitOf(carrier), scale: ONE }],
});

export function resolveMeter(scope: Scope, point: PointEntry, meter: MeterEntry, path: Path): Placed | undefined {
  const { carrier } = point;
  const face = meter.device === undefined ? handFace(scope, point, meter, path) : deviceFace(scope, point, meter, path);
  const multiplier = multiplierOf(scope, meter, path);
  const serial = String(meter.serial).trim();
  checkSerial(scope, serial, path);
  const at = (side: 'mounted' | 'removed'): number | undefined => {
    const given = meter[side];
    return given && take(scope, [...path, side, 'at'], readInstant(given.at, scope.zone));
  };
  const [mountedAt, removedAt] = [at('mounted'), at('removed')];
  if (!face) return undefined;
  const rateFactor = multiplyRational(multiplier, face.scale);
  const rating = meter.rating && primaryRate(scope, meter.rating, carrier, [...path, 'rating']);
  const maxRate = rating && ceilDivide(rating, rateFactor);
  if (meter.rating) checkTransformer(scope, meter, path);
  const faceValue = (text: string | undefined, key: Path): number | undefined =>
    text === undefined ? undefined : faceOf(scope, text, carrier, face.scale, [...path, ...key]);
  const modulus = modulusOf(scope, meter, carrier, face, path);
  const mounting: Mounting = {
    id: `${point.id}/${serial}`,
    point: point.id,
    serial,
    device: face.device,
    register: face.register,
    multiplier,
    scale: face.scale,
    modulus,
    maxRate,
    backlash: faceValue(meter.backlash, ['backlash']),
    mountedAt,
    initial: faceValue(meter.mounted?.reading, ['mounted', 'reading']),
    removedAt,
    final: faceValue(meter.removed?.reading, ['removed', 'reading']),
  };
  return { mounting, path };
}

/** Least whole number not below a ÷ b. */
const ceilDivide = (a: Rational, b: Rational): number => {
  const [num, den] = [BigInt(a.num) * BigInt(b.den), BigInt(a.den) * BigInt(b.num)];
  return Number((num + den - 1n) / den);
};

function checkSerial(scope: Scope, serial: string, path: Path): void {
  if (/^[^/\s][^/]{0,62}$/.test(serial)) return;
  scope.report(
    [...path, 'serial'],
    'SERIAL_INVALID',
    say(`"${serial}" 不能作为表号`, `"${serial}" will not do as a serial number`),
    say('最多 63 个字符，不含 /', 'At most 63 characters, without /'),
  );
}

function handFace(scope: Scope, point: PointEntry, meter: MeterEntry, path: Path): Face | undefined {
  for (const key of ['register', 'pulse'] as const) {
    if (meter[key] === undefined) continue;
    scope.report(
      [...path, key],
      'KEY_FOREIGN',
      say(`有 ${key} 但没有 device`, `There is a ${key} but no device`),
      say('请写 device；人工抄表则删去它', 'Write the device; for a meter read by hand remove it'),
      true,
    );
  }
  const device = handDeviceId(point.id);
  if (device.length > 63) {
    scope.report(
      ['points', path[1] ?? 0, 'id'],
      'ID_TOO_LONG',
      say('人工抄表的测点 id 最多 58 个字符', 'The id of a point read by hand has 58 characters at most'),
      say('请缩短', 'Shorten it'),
    );
  }
  if (meter.unit === undefined) {
    scope.report(
      path,
      'UNIT_MISSING',
      say(`人工抄的表 "${meter.serial}" 没有单位`, `The meter "${meter.serial}", which is read by hand, has no unit`),
      say(
        '请写表面的单位，例如 unit: m3；自动抄表则写 device',
        'Write what its face shows, such as unit: m3; or the device that reads it',
      ),
    );
  } else if (take(scope, [...path, 'unit'], readUnit(meter.unit, point.carrier)) === undefined) return undefined;
  return { device, register: HAND_REGISTER, scale: ONE, unit: meter.unit };
}

function deviceFace(scope: Scope, point: PointEntry, meter: MeterEntry, path: Path): Face | undefined {
  if (meter.unit !== undefined) {
    scope.report(
      [...path, 'unit'],
      'KEY_FOREIGN',
      say('单位来自设备型号', 'The unit comes from the device model'),
      say('请删去 unit', 'Remove the unit'),
      true,
    );
  }
  const deviceId = meter.device ?? '';
  if (!checkReference(scope, 'devices', deviceId, [...path, 'device'])) return undefined;
  const entry = scope.file.devices.find(({ id }) => id === deviceId);
  const model = entry && scope.models.get(entry.model);
  if (!model) return undefined;
  const register = registerOf(scope, model, meter, point, path);
  if (!register) return undefined;
  const resolved = scope.resolveRegister(register);
  const scale = scaleOf(scope, resolved, meter, point.carrier, path);
  if (!scale) return undefined;
  return { device: deviceId, register: register.name, scale, modulus: resolved.modulus, unit: register.unit };
}

function registerOf(
  scope: Scope,
  model: DeviceModel,
  meter: MeterEntry,
  point: PointEntry,
  path: Path,
): ModelRegister | undefined {
  const fits = (r: ModelRegister): boolean => r.kind === 'counter' && (r.carrier ?? point.carrier) === point.carrier;
  const fitting = model.registers.filter(fits).map(({ name }) => name);
  if (meter.register === undefined) {
    scope.report(
      path,
      'REGISTER_MISSING',
      say(`表 "${meter.serial}" 没有写寄存器`, `The meter "${meter.serial}" names no register`),
      say(`请写 register: ${fitting.join('、')}`, `Write register: one of ${fitting.join(', ')}`),
    );
    return undefined;
  }
  const register = model.registers.find(({ name }) => name === meter.register);
  if (register && fits(register)) return register;
  scope.report(
    [...path, 'register'],
    !register ? 'REGISTER_UNKNOWN' : register.kind === 'gauge' ? 'REGISTER_GAUGE' : 'CARRIER_DIFFERS',
    !register
      ? say(
          `型号 "${model.id}" 没有寄存器 "${meter.register}"`,
          `The model "${model.id}" has no register "${meter.register}"`,
        )
      : register.kind === 'gauge'
        ? say(
            `"${register.name}"（${register.quantity}）不是累计量`,
            `"${register.name}" (${register.quantity}) is not a counter`,
          )
        : say(
            `"${register.name}" 计量${CARRIER_LABELS[register.carrier ?? point.carrier].zh}，测点 "${point.id}" 计量${CARRIER_LABELS[point.carrier].zh}`,
            `"${register.name}" counts ${register.carrier}, the point "${point.id}" is of ${point.carrier}`,
          ),
    suggest(meter.register, fitting),
  );
  return undefined;
}

function scaleOf(
  scope: Scope,
  register: Register,
  meter: MeterEntry,
  carrier: Carrier,
  path: Path,
): Rational | undefined {
  const isPulse = register.carrier === undefined;
  if (isPulse === (meter.pulse !== undefined)) {
    return meter.pulse === undefined
      ? register.scale
      : take(scope, [...path, 'pulse'], readPulse(meter.pulse, carrier));
  }
  scope.report(
    isPulse ? [...path, 'register'] : [...path, 'pulse'],
    isPulse ? 'PULSE_MISSING' : 'KEY_FOREIGN',
    isPulse
      ? say(`"${register.name}" 只数脉冲`, `"${register.name}" counts pulses`)
      : say(`"${register.name}" 不数脉冲`, `"${register.name}" counts no pulses`),
    isPulse
      ? say(
          '请写一个脉冲值多少，例如 pulse: 10 L 或 800 imp/kWh',
          'Write what one is worth: pulse: 10 L or 800 imp/kWh',
        )
      : say('请删去 pulse', 'Remove pulse'),
    !isPulse,
  );
  return undefined;
}

function multiplierOf(scope: Scope, meter: MeterEntry, path: Path): Rational {
  if (meter.multiplier === undefined) return ONE;
  const ratio = take(scope, [...path, 'multiplier'], readRatio(meter.multiplier));
  if (!ratio) return ONE;
  if (ratio.num >= ratio.den && ratio.num / ratio.den <= MAX_MULTIPLIER) return ratio;
  const swapped = /^\s*(\S+)\s*\/\s*(\S+)\s*$/.exec(String(meter.multiplier));
  scope.report(
    [...path, 'multiplier'],
    'MULTIPLIER_RANGE',
    say(
      `倍率 ${meter.multiplier} 不在 1 到 ${MAX_MULTIPLIER} 之间`,
      `The multiplier ${meter.multiplier} is not between 1 and ${MAX_MULTIPLIER}`,
    ),
    swapped && ratio.num < ratio.den && ratio.num > 0
      ? say(`一次侧在前：${swapped[2]}/${swapped[1]}`, `The primary side comes first: ${swapped[2]}/${swapped[1]}`)
      : say('请写 CT × PT，例如 80 或 400/5', 'Write CT × PT, such as 80 or 400/5'),
  );
  return ONE;
}

/** Base units to units of the face; where the register keeps counts, to the nearest count. */
function faceOf(scope: Scope, text: string, carrier: Carrier, scale: Rational, path: Path): number | undefined {
  const counts = /^\s*(\d+)\s*(?:counts?|pulses?|脉冲)\s*$/.exec(text)?.[1];
  if (counts !== undefined) return Number(counts);
  const base = take(scope, path, readQuantity(text, carrier));
  if (base === undefined) return undefined;
  if (base < 0) {
    scope.report(
      path,
      'READING_NEGATIVE',
      say(`${text} 小于 0`, `${text} is below 0`),
      say('请写表面读数', 'Write what the face shows'),
    );
  }
  const [top, bottom] = [BigInt(base) * BigInt(scale.den), BigInt(scale.num)];
  return Number((2n * top + bottom) / (2n * bottom));
}

function modulusOf(scope: Scope, meter: MeterEntry, carrier: Carrier, face: Face, path: Path): number | undefined {
  if (meter.modulus === undefined) return face.modulus;
  const base = take(scope, [...path, 'modulus'], readModulus(meter.modulus, carrier, face.unit));
  if (base === undefined) return undefined;
  const [top, bottom] = [BigInt(base) * BigInt(face.scale.den), BigInt(face.scale.num)];
  if (base > 0 && top % bottom === 0n) return Number(top / bottom);
  scope.report(
    [...path, 'modulus'],
    'MODULUS_INVALID',
    say(`${meter.modulus} 不是寄存器的整数格`, `${meter.modulus} is no whole number of the register's steps`),
    say('请写表面归零处，例如 1000000 kWh 或 6 位', 'Write where the face starts again at 0: 1000000 kWh or 6 digits'),
  );
  return undefined;
}
