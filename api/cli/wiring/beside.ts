import { z } from 'zod';
import { invariantError, requestError, storeError } from '#domain';

const problemSchema = z.object({
  code: z.string().optional(),
  detail: z.string().optional(),
  title: z.string().optional(),
  cure: z.string().optional(),
  place: z.string().optional(),
});

/**
 * Asks the process that holds the data folder, by its API. Throws START_SILENT where it does not answer, and its problem
 * as it gave it.
 */
export async function askRunning<T>(
  address: string,
  path: string,
  shape: z.ZodType<T>,
  request: {
    readonly method?: string;
    readonly headers?: Record<string, string>;
    readonly body?: Uint8Array<ArrayBuffer>;
  } = {},
): Promise<T> {
  let response: Response;
  try {
    response = await fetch(new URL(path, address), request);
  } catch (cause) {
    throw storeError('START_SILENT', `the running program does not answer at ${address}`, {
      place: address,
      cure: 'wait until it is up, or end it and run this command alone',
      cause,
    });
  }
  const body: unknown = await response.json();
  if (response.ok) return shape.parse(body);
  const { code, detail, title, cure, place } = problemSchema.parse(body);
  const toError = response.status === 500 ? invariantError : response.status > 500 ? storeError : requestError;
  throw toError(code ?? 'REQUEST_REFUSED', detail ?? title ?? `HTTP ${response.status}`, {
    ...(cure === undefined ? {} : { cure }),
    ...(place === undefined ? {} : { place }),
  });
}
