import { deviceError } from '#domain';
import { orAborted } from '#platform';

/** The promise's outcome, or a rejection: after `ms` with OPCUA_NO_ANSWER, or with the reason of the signal. */
export async function within<T>(ms: number, promise: Promise<T>, late?: AbortSignal): Promise<T> {
  const tooLong = Promise.withResolvers<never>();
  const timer = setTimeout(
    () =>
      tooLong.reject(
        deviceError('OPCUA_NO_ANSWER', `the server gave no answer within ${ms} ms`, {
          cure: 'check that the server runs and is not overloaded; a slow one needs a longer timeout',
        }),
      ),
    ms,
  );
  const answered = Promise.race([promise, tooLong.promise]);
  return (late ? orAborted(answered, late) : answered).finally(() => clearTimeout(timer));
}
