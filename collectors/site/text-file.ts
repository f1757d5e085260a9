import { readFileSync } from 'node:fs';
import type { MeteringError } from '#domain';

type Refusal = (
  message: string,
  details: { readonly place: string; readonly cure: string; readonly cause: unknown },
) => MeteringError;

/** A text that people wrote, in UTF-8: of another encoding the names would come out garbled. Throws what `refusal` makes. */
export function readTextFile(file: string, refusal: Refusal): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
  } catch (cause) {
    const isEncoding = cause instanceof TypeError;
    throw refusal(isEncoding ? `${file} is not saved as UTF-8` : `${file} cannot be read`, {
      place: file,
      cure: isEncoding ? 'save it as UTF-8' : 'check its name and that it may be read',
      cause,
    });
  }
}
