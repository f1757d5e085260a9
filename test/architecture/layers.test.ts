import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';

/** A file with one wrong import each. The check must refuse every one of them, and none of the right ones. */
const WRONG: Readonly<Record<string, string>> = {
  'pipeline/domain/wrong-layer.ts': '../platform/index.ts',
  'pipeline/domain/wrong-library.ts': 'kafkajs',
  'pipeline/platform/wrong.ts': '../books/index.ts',
  'pipeline/ledger/wrong-collector.ts': '../../collectors/spool/file.ts',
  'pipeline/ledger/wrong-api.ts': '../../api/http/server.ts',
  'pipeline/ledger/wrong-library.ts': 'pg',
  'pipeline/books/wrong-test.ts': '../../test/support/books.ts',
  'pipeline/books/wrong-alias.ts': '../domain/index.ts',
  'pipeline/log/kafka/wrong.ts': 'pg',
  'collectors/modbus/wrong.ts': '../../pipeline/log/port.ts',
  'collectors/modbus/wrong-library.ts': 'node-opcua-client',
  'collectors/opcua/wrong-library.ts': 'modbus-serial',
  'collectors/spool/wrong.ts': '../../api/cli/main.ts',
  'rules/wrong.ts': '../pipeline/index.ts',
  'rules/wrong-alias.ts': '#platform',
  'api/http/wrong-depth.ts': '../../pipeline/books/index.ts',
  'api/http/wrong-cli.ts': '../cli/main.ts',
  'api/web/wrong.ts': '../../pipeline/index.ts',
  'api/cli/wrong.ts': '../../test/support/check.ts',
  'api/cli/wrong-library.ts': 'kafkajs',
  'fixtures/simulator/wrong.ts': '../../pipeline/index.ts',
  'fixtures/simulator/wrong-collector.ts': '../../collectors/modbus/index.ts',
  'test/oracle/wrong.ts': '../../pipeline/ledger/path.ts',
  'test/oracle/wrong-alias.ts': '#domain',
};

const RIGHT: Readonly<Record<string, string>> = {
  'pipeline/domain/right.ts': './slot.ts',
  'pipeline/ledger/right.ts': '../../collectors/contract.ts',
  'pipeline/ledger/right-rules.ts': '../../rules/index.ts',
  'pipeline/books/right.ts': 'pg',
  'collectors/modbus/right.ts': 'modbus-serial',
  'api/http/right.ts': '../../pipeline/index.ts',
  'api/cli/right.ts': '../../pipeline/books/index.ts',
  'fixtures/simulator/right.ts': '../../collectors/devices/index.ts',
  'test/integration/right.ts': '../../pipeline/index.ts',
};

const reportSchema = z.object({
  number_of_files: z.int(),
  diagnostics: z.array(z.object({ code: z.string().optional(), filename: z.string(), message: z.string() })),
});

const lint = (cwd: string): z.infer<typeof reportSchema> => {
  const { stdout, stderr } = spawnSync(join(cwd, 'node_modules', '.bin', 'oxlint'), ['--format', 'json', '.'], {
    cwd,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (!stdout.startsWith('{')) throw new Error(`oxlint gave no report: ${stdout.slice(0, 500)}${stderr.slice(0, 500)}`);
  return reportSchema.parse(JSON.parse(stdout));
};

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'civicmeter-layers-'));
  cpSync('oxlint.config.ts', join(folder, 'oxlint.config.ts'));
  writeFileSync(join(folder, '.gitignore'), 'node_modules\n');
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  mkdirSync(join(folder, 'node_modules', '.bin'), { recursive: true });
  for (const name of ['oxlint', '.bin/oxlint', '.bin/node']) {
    symlinkSync(join(process.cwd(), 'node_modules', name), join(folder, 'node_modules', name));
  }
  for (const [file, specifier] of Object.entries({ ...WRONG, ...RIGHT })) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), `import { something } from '${specifier}';\nexport const used = something;\n`);
  }
  writeFileSync(
    join(folder, 'rules', 'cycle-a.ts'),
    `import { b } from './cycle-b.ts';\nexport const a = (): unknown => b;\n`,
  );
  writeFileSync(
    join(folder, 'rules', 'cycle-b.ts'),
    `import { a } from './cycle-a.ts';\nexport const b = (): unknown => a;\n`,
  );
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('every deliberately wrong import is refused, and no right one', () => {
  const refused = lint(folder)
    .diagnostics.filter(({ code }) => code === 'eslint(no-restricted-imports)')
    .map(({ filename }) => filename);
  expect(refused.toSorted()).toEqual(Object.keys(WRONG).toSorted());
});

test('a cycle of imports is refused', () => {
  const cycles = lint(folder).diagnostics.filter(({ code }) => code === 'import(no-cycle)');
  expect(cycles.map(({ filename }) => filename)).toContain('rules/cycle-a.ts');
});

test('the check visits every source file there is, and finds no breach of the layers', () => {
  const report = lint(process.cwd());
  const files = execFileSync('git', ['ls-files', '*.ts', '*.tsx', '*.mjs'], { encoding: 'utf8' }).trim().split('\n');
  expect(files.length).toBeGreaterThan(30);
  expect(report.number_of_files).toBeGreaterThanOrEqual(files.length);
  expect(
    report.diagnostics.filter(({ code }) => code === 'eslint(no-restricted-imports)' || code === 'import(no-cycle)'),
  ).toEqual([]);
});
