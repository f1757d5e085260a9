import { z } from 'zod';
import { invariantError, type MeteringError, requestError, SECOND, storeError } from '#domain';
import type { Cli } from '../context.ts';
import { waitWhile } from './settling.ts';

const problemSchema = z.object({
  code: z.string().optional(),
  detail: z.string().optional(),
  title: z.string().optional(),
  cure: z.string().optional(),
  place: z.string().optional(),
});

/**
 * Asks the process that holds the data folder, by its API. Throws START_SILENT where it does not answer, or something else
 * does; its problem as it gave it; the reason of the signal.
 */
export async function askRunning<T>(
  address: string,
  path: string,
  shape: z.ZodType<T>,
  request: {
    readonly method?: string;
    readonly headers?: Record<string, string>;
    readonly body?: Uint8Array<ArrayBuffer>;
    readonly signal?: AbortSignal;
  } = {},
): Promise<T> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(new URL(path, address), request);
    text = await response.text();
  } catch (cause) {
    request.signal?.throwIfAborted();
    throw silent(`the running program does not answer at ${address}`, address, cause);
  }
  if (response.ok) return parse(shape, text, address);
  const { code, detail, title, cure, place } = parse(problemSchema, text, address);
  const toError = response.status === 500 ? invariantError : response.status > 500 ? storeError : requestError;
  throw toError(code ?? 'REQUEST_REFUSED', detail ?? title ?? `HTTP ${response.status}`, {
    ...(cure === undefined ? {} : { cure }),
    ...(place === undefined ? {} : { place }),
  });
}

function parse<T>(shape: z.ZodType<T>, text: string, address: string): T {
  try {
    return shape.parse(JSON.parse(text));
  } catch (cause) {
    throw silent(`what answers at ${address} is not the running program, or is another version of it`, address, cause);
  }
}

const silent = (message: string, address: string, cause: unknown): MeteringError =>
  storeError('START_SILENT', message, {
    place: address,
    cure: 'wait until it is up, or end it and run this command alone',
    cause,
  });

const PATIENCE_MS = 120 * SECOND;
const bookedSchema = z.object({ partitions: z.array(z.object({ lag: z.int() })), dirty: z.int() });

/** Waits until the running program has booked and computed what it holds. */
export const untilBooked = ({ io, say }: Pick<Cli, 'io' | 'say'>, address: string): Promise<void> =>
  waitWhile({ io, say }, PATIENCE_MS, async () => {
    const { signal } = io;
    const { partitions, dirty } = await askRunning(address, '/api/v1/status', bookedSchema, { signal });
    return dirty > 0 || partitions.some(({ lag }) => lag > 0);
  });
