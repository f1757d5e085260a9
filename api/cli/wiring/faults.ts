import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { DAY, type Interval, parseTime, requestError, type Zone } from '#domain';
import {
  type Compound,
  type Fault,
  FAULT_KINDS,
  type FaultKind,
  scheduleFaults,
} from '../../../fixtures/simulator/index.ts';

export interface FaultOptions {
  readonly zone: Zone;
  readonly compound: Compound;
  readonly seed: number;
  /** Where faults that are named by kind alone are placed; at least ten days from its start. */
  readonly span: Interval;
}

/** `all`, kinds by comma, or a JSON file that says when and where. Throws FAULTS_INVALID, FAULT_IMPOSSIBLE. */
export function faultsOf(text: string | undefined, { zone, compound, seed, span }: FaultOptions): readonly Fault[] {
  if (text === undefined) return [];
  if (text.endsWith('.json')) return readFaults(text, zone);
  const kinds = text === 'all' ? FAULT_KINDS : text.split(',').map(kindOf);
  return scheduleFaults(compound, { seed, from: span.from, to: Math.max(span.to, span.from + 10 * DAY), kinds });
}

function kindOf(text: string): FaultKind {
  const kind = FAULT_KINDS.find((one) => one === text.trim());
  if (kind) return kind;
  throw requestError('FAULTS_INVALID', `there is no fault "${text}"`, {
    place: '--faults',
    cure: `use all, or some of ${FAULT_KINDS.join(', ')}`,
  });
}

/** Faults as people write them: instants as text in the zone of the site. Throws FAULTS_INVALID, FILE_UNREADABLE. */
function readFaults(file: string, zone: Zone): readonly Fault[] {
  const at = z.string().transform((text) => parseTime(text, zone).from);
  const device = z.string();
  const window = { device, from: at, to: at };
  const schema = z.array(
    z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('wrap'), device, register: z.string(), at }),
      z.strictObject({ kind: z.literal('restart'), device, at }),
      z.strictObject({
        kind: z.literal('swap'),
        device,
        register: z.string(),
        at,
        serial: z.string(),
        initial: z.int(),
      }),
      z.strictObject({ kind: z.enum(['dead', 'silent', 'zero', 'stick', 'twice']), ...window }),
      z.strictObject({ kind: z.literal('late'), ...window, delayMs: z.int() }),
      z.strictObject({ kind: z.literal('foreign'), ...window, of: z.string(), disguised: z.boolean() }),
      z.strictObject({ kind: z.literal('spike'), ...window, register: z.string(), add: z.int() }),
      z.strictObject({ kind: z.literal('drift'), ...window, offsetMs: z.int() }),
    ]),
  );
  try {
    return schema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    const issue = cause instanceof z.ZodError ? cause.issues[0] : undefined;
    throw requestError('FAULTS_INVALID', `${file} is no list of faults: ${issue?.message ?? String(cause)}`, {
      place: issue ? `${file}: ${issue.path.join('.')}` : file,
      cure: 'write a JSON array of faults, as in civicmeter simulate --help',
      cause,
    });
  }
}
