import { expect, test } from 'vitest';
import { warmRules } from '../../../../api/cli/wiring/warm.ts';
import { catalogueError } from '../../../../pipeline/domain/index.ts';
import { createTelemetry, silentLogger } from '../../../../pipeline/platform/index.ts';
import { fakeRules } from '../../../support/fake-rules.ts';

test('the rules are read before somebody asks', async () => {
  let read = 0;
  const warm = async (): Promise<void> => void read++;
  await warmRules({ rules: fakeRules({ warm }) }, createTelemetry(silentLogger()));
  expect(read).toBe(1);
});

test('rules that cannot be read stop nothing, and are counted', async () => {
  const telemetry = createTelemetry(silentLogger());
  const warm = () => Promise.reject(catalogueError('CATALOGUE_UNREADABLE', 'the folder is gone'));
  await expect(warmRules({ rules: fakeRules({ warm }) }, telemetry)).resolves.toBeUndefined();
  expect(await telemetry.metrics()).toContain('civicmeter_rules_not_loaded_total 1');
});
