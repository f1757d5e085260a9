import { z } from 'zod';

/**
 * Readings delivered as a file: the same way in as frames from a line, so it belongs to the process that owns the spool.
 * The CLI sends its files here when a `start` is running.
 */
export interface ReadingsUpload {
  readonly site: string;
  /** Name with its extension, which tells CSV from XLSX. */
  readonly fileName: string;
  readonly bytes: Uint8Array;
  /** False: say what was understood and write nothing. */
  readonly commit: boolean;
}

export const importReportSchema = z.strictObject({
  site: z.string(),
  fileName: z.string(),
  committed: z.boolean().describe('false: nothing was written'),
  form: z.enum(['long', 'wide']),
  rows: z.int().describe('data rows of the file'),
  readings: z.int().describe('readings understood, each once'),
  duplicates: z.int().describe('readings that stand in the file once more'),
  blanks: z.int().describe('cells without a reading, in wide form'),
  refused: z
    .array(z.strictObject({ row: z.int(), column: z.string().nullable(), reason: z.string(), text: z.string() }))
    .describe('what was not taken: row and column as a spreadsheet counts them, why, and what stands there'),
  registers: z.array(
    z.strictObject({
      device: z.string(),
      register: z.string(),
      readings: z.int(),
      from: z.string(),
      to: z.string(),
    }),
  ),
});

export type ImportReport = z.infer<typeof importReportSchema>;
export type ImportReadings = (upload: ReadingsUpload) => Promise<ImportReport>;
