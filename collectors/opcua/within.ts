import { deviceError } from '#domain';

/** The promise's outcome, or after `ms` a rejection with OPCUA_NO_ANSWER. */
export async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
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
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
