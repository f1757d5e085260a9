import type { FrameEntry } from '../../pipeline/domain/index.ts';
import { encodeFrame } from '../../pipeline/log/port.ts';
import type { Random } from '../oracle/world/random.ts';
import { METERS, SITE, START } from './building.ts';
import type { FaultKind } from './coverage.ts';
import type { Faults } from './faults.ts';
import type { GroupLog } from './group-log.ts';
import type { VirtualTime } from './time.ts';

export interface Scene {
  readonly time: VirtualTime;
  readonly random: Random;
  readonly faults: Faults;
  readonly log: GroupLog;
  readonly until: number;
}

/** What strikes the whole from outside, and how likely it is each time. */
export type Strikes = Readonly<Partial<Record<FaultKind, readonly [probability: number, does: () => void]>>>;

const DAY = 24 * 3_600_000;

/** Every few minutes, until the faults end: whatever the seed says of `strikes`, and what others put into the log. */
export function trouble({ time, random, faults, log, until }: Scene, strikes: Strikes): void {
  let foreign = 0;
  const anyDevice = (): string => `meter-${random.int(0, METERS - 1)}`;
  const past = (): void => {
    const device = anyDevice();
    const at = Math.round(time.now()) - random.int(0, 40 * DAY);
    const frame = (): Uint8Array => {
      const value = random.int(0, 4_000_000_000);
      const r: FrameEntry = random.chance(0.3) ? ['e', value, 'u'] : ['e', value];
      return encodeFrame({ v: 1, src: '0000000f', site: SITE, device, seq: foreign++, at, r: [r] });
    };
    const value = frame();
    log.put([{ device, value }]);
    if (faults.strikes('duplicate', 0.3)) log.put([{ device, value }]);
    if (faults.strikes('contradicted', 0.3)) log.put([{ device, value: frame() }]);
  };
  const all: Strikes = {
    ...strikes,
    poison: [0.08, () => log.put([{ device: anyDevice(), value: random.pick(POISON) }])],
    late: [0.3, past],
  };
  const next = (): void => {
    if (time.now() >= until) return;
    for (const [kind, [probability, does]] of Object.entries(all))
      if (faults.strikes(kind as FaultKind, probability)) does();
    time.at(time.now() + random.int(60_000, 900_000), next);
  };
  next();
}

const SOUND = { v: 1, src: '0000000e', site: SITE, device: 'meter-1', seq: 0, at: START, r: [['e', 1]] };

/** No frames, and frames of which the ledger takes no reading: at least one for each reason to refuse. */
const POISON: readonly Uint8Array[] = [
  '{"v":1,"src":"00000001"',
  '[]',
  '',
  '{"v":2}',
  JSON.stringify({ ...SOUND, device: 'nobody' }),
  JSON.stringify({ ...SOUND, seq: 1, r: [['x', 1]] }),
  JSON.stringify({ ...SOUND, seq: 2, r: [['e', 1.5]] }),
  JSON.stringify({ ...SOUND, seq: 3, site: 'elsewhere' }),
  JSON.stringify({ ...SOUND, seq: 4, at: Date.UTC(1970, 0, 1) }),
  JSON.stringify({ ...SOUND, seq: 5, at: Date.UTC(2099, 0, 1) }),
  JSON.stringify({ ...SOUND, seq: 6, r: [['e', -1]] }),
].map((text) => Buffer.from(text));
