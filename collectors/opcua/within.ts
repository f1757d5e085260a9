import { deviceError } from '#domain';

/** The promise's outcome, or a rejection: after `ms` with OPCUA_NO_ANSWER, or with the reason of the signal. */
export async function within<T>(ms: number, promise: Promise<T>, late?: AbortSignal): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const hurried = Promise.withResolvers<never>();
  const onLate = (): void => hurried.reject(late?.reason as Error); // aborted with an error, by whoever gives the signal
  late?.addEventListener('abort', onLate, { once: true });
  if (late?.aborted) onLate();
  const tooLong = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () =>
        reject(
          deviceError('OPCUA_NO_ANSWER', `the server gave no answer within ${ms} ms`, {
            cure: 'check that the server runs and is not overloaded; a slow one needs a longer timeout',
          }),
        ),
      ms,
    );
  });
  try {
    return await Promise.race([promise, tooLong, hurried.promise]);
  } finally {
    clearTimeout(timer);
    late?.removeEventListener('abort', onLate);
  }
}
