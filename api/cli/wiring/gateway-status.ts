import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { filesOf } from './data-folder.ts';

const instant = z.string();
const problem = z.strictObject({ code: z.string(), message: z.string(), cure: z.string().nullable() }).nullable();

/** What a gateway knows of itself and of the other side; a file in its data folder, read by `civicmeter status`. */
export const gatewayStatusSchema = z.strictObject({
  site: z.string(),
  src: z.string(),
  to: z.string().describe('the centre or the brokers'),
  at: instant.describe('when this was written'),
  waiting: z.strictObject({ frames: z.int(), oldestAt: instant.nullable(), bytes: z.int() }),
  line: z.strictObject({
    state: z.enum(['up', 'down', 'not-yet-tried']),
    lastDeliveryAt: instant.nullable(),
    problem,
  }),
  lines: z
    .array(z.strictObject({ address: z.string(), state: z.enum(['open', 'opening', 'closed']), problem }))
    .default([])
    .describe('to the meters; problem: why it did not open the last time'),
  unknownThere: z
    .array(z.string())
    .nullable()
    .describe('device/register read here that the centre lacks; null: not known'),
  notRead: z.array(z.string()).nullable().describe('device/register of the centre that no gateway of the site reads'),
  reportProblem: problem.default(null).describe('why the centre did not take the last report'),
  notStored: z.int().describe('frames that a full disk kept out since the start'),
  clockAheadMs: z.number().nullable().describe('of the centre’s clock; null: not known'),
  clockSteps: z.array(z.strictObject({ at: instant, byMs: z.int() })),
});
export type GatewayStatus = z.infer<typeof gatewayStatusSchema>;

/** Whole or not at all; a full disk leaves the last one standing. */
export function writeGatewayStatus(data: string, status: GatewayStatus): void {
  const { gateway } = filesOf(data);
  try {
    writeFileSync(`${gateway}.new`, `${JSON.stringify(status)}\n`);
    renameSync(`${gateway}.new`, gateway);
  } catch {
    // the log file has what matters; the age of the file shows in its `at`
  }
}

export function readGatewayStatus(data: string): GatewayStatus | undefined {
  try {
    return gatewayStatusSchema.parse(JSON.parse(readFileSync(filesOf(data).gateway, 'utf8')));
  } catch {
    return undefined;
  }
}
