import { z } from 'zod';

/** What the shapes of answers share. */
export const localText = z.strictObject({ zh: z.string(), en: z.string() });
export const day = z.string().describe('YYYY-MM-DD');
export const month = z.string().describe('YYYY-MM');
export const share = z.number().min(0).max(1);

export const missingSchema = z.strictObject({
  what: z.string(),
  reason: z.string().describe('begins with a stable code'),
  cure: localText,
});

export type MissingAnswer = z.infer<typeof missingSchema>;
