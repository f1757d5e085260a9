import { type Device, formatInstant, type Mounting, registerKey, say } from '#domain';
import { handDevice, handDeviceId, type Placed, resolveMeter } from './meters.ts';
import type { Scope } from './scope.ts';

/** A face that would turn over within this many hours at full load cannot be followed by readings an hour apart. */
const FASTEST_WRAP_HOURS = 3;

export interface Mounted {
  readonly mountings: readonly Mounting[];
  /** Devices of the points that are read by hand. */
  readonly handDevices: readonly Device[];
}

export function resolveMountings(scope: Scope): Mounted {
  const placed = scope.file.points.flatMap((point, i) =>
    (point.meters ?? []).flatMap((meter, j) => resolveMeter(scope, point, meter, ['points', i, 'meters', j]) ?? []),
  );
  for (const one of placed) {
    checkDates(scope, one);
    checkFaceReadings(scope, one);
    checkRate(scope, one);
  }
  checkSerials(scope, placed);
  checkOverlaps(
    scope,
    placed,
    (m) => m.point,
    'MOUNTINGS_OVERLAP',
    (m) => say(`测点 "${m.point}" 上同时有两块表`, `Two meters stand at the point "${m.point}" at the same time`),
  );
  checkOverlaps(
    scope,
    placed,
    (m) => registerKey(m.device, m.register),
    'REGISTER_TWICE',
    (m) =>
      say(
        `寄存器 ${registerKey(m.device, m.register)} 同时属于测点 "${m.point}"`,
        `The register ${registerKey(m.device, m.register)} belongs to the point "${m.point}" at the same time`,
      ),
    (a, b) => a.point !== b.point,
  );
  const byHand = new Set(placed.map(({ mounting }) => mounting.device));
  const handDevices = scope.file.points
    .filter((point, i) => byHand.has(handDeviceId(point.id)) && firstOfId(scope, point.id) === i)
    .map((point) => handDevice(point.id, point.carrier));
  return { mountings: placed.map(({ mounting }) => mounting), handDevices };
}

const firstOfId = (scope: Scope, id: string): number => scope.file.points.findIndex((point) => point.id === id);

function checkDates(scope: Scope, { mounting: m, path }: Placed): void {
  if (m.mountedAt !== undefined && m.removedAt !== undefined && m.removedAt <= m.mountedAt) {
    scope.report(
      [...path, 'removed', 'at'],
      'DATES_ORDER',
      say('拆表不晚于装表', 'It is removed before it is mounted'),
      say(
        `请写晚于 ${formatInstant(m.mountedAt, scope.zone)} 的时间`,
        `Write a time after ${formatInstant(m.mountedAt, scope.zone)}`,
      ),
    );
  }
}

function checkFaceReadings(scope: Scope, { mounting: m, path }: Placed): void {
  for (const [side, value] of [
    ['mounted', m.initial],
    ['removed', m.final],
  ] as const) {
    if (value === undefined || m.modulus === undefined || value < m.modulus) continue;
    scope.report(
      [...path, side, 'reading'],
      'READING_BEYOND_FACE',
      say('读数超出表面', 'The reading is beyond the face'),
      say('请核对读数、单位和 modulus', 'Check the reading, its unit and the modulus'),
    );
  }
  if (m.modulus === undefined && m.initial !== undefined && m.final !== undefined && m.final < m.initial) {
    scope.report(
      [...path, 'removed', 'reading'],
      'READING_ORDER',
      say('拆表读数小于装表读数，又没有 modulus', 'The last reading is below the first, and there is no modulus'),
      say(
        '请核对读数；若表面归零过，请写 modulus',
        'Check the readings; if the face went through 0, write the modulus',
      ),
    );
  }
}

function checkRate(scope: Scope, { mounting: m, path }: Placed): void {
  if (m.maxRate === undefined || m.modulus === undefined || m.maxRate * FASTEST_WRAP_HOURS < m.modulus) return;
  scope.report(
    [...path, 'rating'],
    'RATING_BEYOND_FACE',
    say(
      `按此额定值，表面 ${(m.modulus / m.maxRate).toFixed(2)} 小时就归零`,
      `At this rating the face turns over in ${(m.modulus / m.maxRate).toFixed(2)} hours`,
    ),
    say(
      '请核对 rating（一次侧）、multiplier 和 modulus',
      'Check the rating (of the primary side), the multiplier and the modulus',
    ),
    true,
  );
}

function checkSerials(scope: Scope, placed: readonly Placed[]): void {
  const seen = new Set<string>();
  for (const { mounting, path } of placed) {
    if (seen.has(mounting.id)) {
      scope.report(
        [...path, 'serial'],
        'SERIAL_TWICE',
        say(
          `表号 "${mounting.serial}" 在此测点写了两次`,
          `The serial number "${mounting.serial}" stands twice at this point`,
        ),
        say(
          '换表后写新表号；同一块表重装时加后缀，例如 -2',
          'Write the number of the new meter; mark a meter that came back with a suffix such as -2',
        ),
      );
    }
    seen.add(mounting.id);
  }
}

const startOf = (m: Mounting): number => m.mountedAt ?? -Infinity;
const endOf = (m: Mounting): number => m.removedAt ?? Infinity;

function checkOverlaps(
  scope: Scope,
  placed: readonly Placed[],
  keyOf: (m: Mounting) => string,
  code: string,
  wrong: (other: Mounting) => { readonly zh: string; readonly en: string },
  counts: (a: Mounting, b: Mounting) => boolean = () => true,
): void {
  for (const group of Map.groupBy(placed, ({ mounting }) => keyOf(mounting)).values()) {
    for (const [i, later] of group.entries()) {
      const other = group
        .slice(0, i)
        .find(
          ({ mounting: m }) =>
            counts(m, later.mounting) && startOf(m) < endOf(later.mounting) && startOf(later.mounting) < endOf(m),
        );
      if (!other) continue;
      const at =
        later.mounting.mountedAt !== undefined && code === 'MOUNTINGS_OVERLAP'
          ? [...later.path, 'mounted', 'at']
          : later.path;
      scope.report(
        code === 'REGISTER_TWICE' ? [...later.path, 'register'] : at,
        code,
        wrong(other.mounting),
        code === 'REGISTER_TWICE'
          ? say(
              '请核对 device 和 register；或写 mounted、removed 的时间',
              'Check device and register, or write when each was mounted and removed',
            )
          : say(
              `请写旧表 "${other.mounting.serial}" 的 removed 和新表的 mounted，新表不早于旧表拆下`,
              `Write when the old meter "${other.mounting.serial}" was removed and the new one mounted, not before that`,
            ),
      );
    }
  }
}
