import { z } from 'zod';
import { ID_PATTERN, REGISTER_PATTERN } from './frame.ts';

/**
 * What a gateway and the centre's intake say to each other over HTTPS: frames as lines of JSON, byte for byte as they stand
 * in the spool, and what each knows of the other's registers.
 */
export const INTAKE_FRAMES_PATH = '/intake/v1/frames';
export const INTAKE_REPORT_PATH = '/intake/v1/report';
export const FRAMES_CONTENT_TYPE = 'application/x-ndjson';

export const MAX_INTAKE_LINES = 5_000;
/** As it travels, compressed or not. */
export const MAX_INTAKE_BYTES = 4 * 1024 * 1024;
/** After decompression. */
export const MAX_INTAKE_PLAIN_BYTES = 16 * 1024 * 1024;

const seq = z.int().nonnegative();
const line = z.int().nonnegative();

/** What the log has on disk of one request; a gateway removes from its spool nothing else. */
export const intakeAnswerSchema = z.strictObject({
  at: z.int().describe('epoch ms of the centre'),
  durable: z
    .record(z.string(), z.array(z.tuple([seq, seq])))
    .describe('per src the ranges [from, to) of seq that are durable, repeated ones included'),
  malformed: z.array(line).describe('lines that are no frames: durable as well, and in quarantine'),
  foreign: z.array(line).describe('lines of a site or a spool that is not the key’s: not taken'),
});
export type IntakeAnswer = z.infer<typeof intakeAnswerSchema>;

/** A step of the gateway’s clock, found against its monotonic one. */
const clockStepSchema = z.strictObject({
  at: z.int().describe('epoch ms after the step'),
  byMs: z.int().describe('positive: forward'),
});
export type ClockStep = z.infer<typeof clockStepSchema>;

export const MAX_REPORTED_STEPS = 50;

/** What a gateway says of itself. */
export const gatewayReportSchema = z.strictObject({
  src: z.string().regex(/^[0-9a-f]{8}$/),
  site: z.string().regex(ID_PATTERN),
  devices: z.record(z.string().regex(ID_PATTERN), z.array(z.string().regex(REGISTER_PATTERN)).max(512)),
  waiting: z.strictObject({ frames: z.int().nonnegative(), oldestAt: z.int().nullable() }),
  /** Frames that a full disk kept out, since the start. */
  notStored: z.int().nonnegative(),
  clockSteps: z.array(clockStepSchema).max(MAX_REPORTED_STEPS),
});
export type GatewayReport = z.infer<typeof gatewayReportSchema>;

export const reportAnswerSchema = z.strictObject({
  at: z.int().describe('epoch ms of the centre'),
  unknownHere: z.array(z.string()).describe('device/register that the gateway reads and the registry lacks'),
  notRead: z.array(z.string()).describe('device/register of the registry that no gateway of the site reads'),
});
export type ReportAnswer = z.infer<typeof reportAnswerSchema>;
