import type { z } from 'zod';

/** Whether PostgreSQL keeps a text as it is: it refuses a NUL anywhere, and half of a surrogate pair in JSON. */
export const isKept = (text: string): boolean => !text.includes('\0') && text.isWellFormed();

/** A text that the books are to keep. */
export const kept = (text: z.ZodString): z.ZodString =>
  text.refine(isKept, 'holds a NUL or half of a character, which the books cannot keep: type it anew');
