import type { Reporter, TestModule } from 'vitest/node';

/** Ends a run with one plain line, `N passed, N failed`; a file that could not be loaded counts as one failure. */
export const closingLine: Reporter = {
  onTestRunEnd(modules, errors) {
    const counts = modules.map(countOf);
    const sum = (key: 'passed' | 'failed' | 'skipped'): number =>
      counts.reduce((total, count) => total + count[key], key === 'failed' ? errors.length : 0);
    const skipped = sum('skipped') > 0 ? `, ${sum('skipped')} skipped` : '';
    process.stdout.write(`\n${sum('passed')} passed, ${sum('failed')} failed${skipped}\n`);
  },
};

function countOf(module: TestModule): Record<'passed' | 'failed' | 'skipped', number> {
  const count = { passed: 0, failed: 0, skipped: 0 };
  for (const test of module.children.allTests()) {
    const { state } = test.result();
    count[state === 'pending' ? 'failed' : state]++;
  }
  if (module.state() === 'failed' && count.failed === 0) count.failed = 1;
  return count;
}
