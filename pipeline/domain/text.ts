import type { z } from 'zod';
import type { LocalText } from './registry.ts';

export const say = (zh: string, en: string): LocalText => ({ zh, en });

/** Whether PostgreSQL keeps a text as it is: it refuses a NUL anywhere, and half of a surrogate pair in JSON. */
export const isKept = (text: string): boolean => !text.includes('\0') && text.isWellFormed();

/** Full-width letters, digits, marks and blanks, as Chinese keyboards write them, in their plain form. */
export const halfWidth = (text: string): string =>
  text
    .replace(/[\uff01-\uff5e]/g, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0))
    .replaceAll('\u3000', ' ');

/**
 * A number without the marks between its groups of three digits. Marks that stand elsewhere stay, and make it no number:
 * in 1234,567 and 0,123 the comma is one of decimals.
 */
export const withoutGroups = (number: string, marks = ','): string =>
  number.replace(
    new RegExp(String.raw`^(\s*[+-]?)([1-9]\d{0,2}([${marks}])\d{3}(?:\3\d{3})*)(?!\d)`),
    (_, sign: string, digits: string) => sign + digits.replace(/\D/g, ''),
  );

/** A text that the books are to keep. */
export const kept = (text: z.ZodString): z.ZodString =>
  text.refine(isKept, 'holds a NUL or half of a character, which the books cannot keep: type it anew');
