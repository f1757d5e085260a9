/** Runs every closing step, last opened first, and reports all failures together. */
export interface Closer {
  readonly add: (name: string, close: () => Promise<void> | void) => void;
  readonly closeAll: () => Promise<void>;
}

export function createCloser(onFailure: (name: string, error: unknown) => void): Closer {
  const steps: { name: string; close: () => Promise<void> | void }[] = [];
  let closing: Promise<void> | undefined;
  const run = async (): Promise<void> => {
    const failures: unknown[] = [];
    for (const { name, close } of steps.toReversed()) {
      try {
        await close();
      } catch (error) {
        onFailure(name, error);
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'not everything closed cleanly');
  };
  return {
    add: (name, close) => steps.push({ name, close }),
    closeAll: () => (closing ??= run()),
  };
}
