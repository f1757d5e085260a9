import { encodeFrame } from '../../pipeline/log/port.ts';
import type { Random } from '../oracle/world/random.ts';
import type { Offer } from './load.ts';

export const POISONS = [
  'bad utf-8',
  'truncated',
  'one megabyte',
  'not a number',
  'beyond any number',
  'unknown meter',
  'unknown register',
  'a fraction',
  'in 1970',
  'in 2099',
  'before any calendar',
  'below zero',
  'no key',
  'deeply nested',
  'empty',
  'zeros',
  'a zero in a name',
] as const;
export type Poison = (typeof POISONS)[number];

export interface PoisonPlace {
  readonly site: string;
  readonly src: string;
  readonly device: string;
  readonly at: number;
  /** The next number of the source, for what is a frame by its shape. */
  readonly seq: () => number;
}

/** A meter that no registry knows at first. */
export const NEW_METER = 'd-new';
const MEGABYTE = 1024 * 1024;
const DEPTH = 10_000;

/** A record that the books must refuse and keep. */
export function poisonOf(random: Random, place: PoisonPlace, kind: Poison = random.pick(POISONS)): Offer {
  const { site, src, device, at } = place;
  const frame = (more: {
    readonly device?: string;
    readonly at?: number;
    readonly r?: readonly (readonly [string, number])[];
  }): Uint8Array => encodeFrame({ v: 1, src, site, device, at, r: [['w', 1]], ...more, seq: place.seq() });
  const raw = (text: string | Uint8Array): Offer => ({ device, value: Buffer.from(text as string) });
  const whole = `{"v":1,"src":"${src}","site":"${site}","device":"${device}","seq":1,"at":${at},"r":[["e",VALUE]]}`;
  switch (kind) {
    case 'bad utf-8':
      return raw(
        Buffer.concat([Buffer.from(whole.slice(0, 20)), Buffer.from([0xc3, 0x28, 0xff]), Buffer.from(whole.slice(20))]),
      );
    case 'truncated':
      return raw(whole.slice(0, random.int(1, whole.length - 1)));
    case 'one megabyte':
      return raw(whole.replace('VALUE', `1],["${'x'.repeat(MEGABYTE)}",1`));
    case 'not a number':
      return raw(whole.replace('VALUE', random.pick(['NaN', 'Infinity', '0x10', '01', '1.'])));
    case 'beyond any number':
      // JSON can say it; the sound reading beside it goes with the record
      return raw(whole.replace('VALUE', '1e400],["w",1'));
    case 'unknown meter':
      return { device: NEW_METER, value: frame({ device: NEW_METER, r: [['w', random.int(0, 10 ** 6)]] }) };
    case 'unknown register':
      return { device, value: frame({ r: [['zz', 1]] }) };
    case 'a fraction':
      return { device, value: frame({ r: [['w', 0.5]] }) };
    case 'in 1970':
      return { device, value: frame({ at: random.int(0, 10 ** 9) }) };
    case 'in 2099':
      return { device, value: frame({ at: Date.UTC(2099, 0, 1) }) };
    case 'before any calendar':
      return { device, value: frame({ at: -Number.MAX_SAFE_INTEGER }) };
    case 'below zero':
      return { device, value: frame({ r: [['e', -1]] }) };
    case 'no key':
      return { device: null, value: Buffer.from('a record without a key') };
    case 'deeply nested':
      return raw(`${'['.repeat(DEPTH)}${']'.repeat(DEPTH)}`);
    case 'empty':
      return raw('');
    case 'zeros':
      return raw(new Uint8Array(random.int(1, 64)));
    case 'a zero in a name':
      return { device, value: frame({ r: [['w\0', 1]] }) };
  }
}
