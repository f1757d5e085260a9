import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createLogger } from '../../../pipeline/platform/index.ts';
import { mountDisk, skipDisk, unmountDisk } from '../../support/small-disk.ts';

const DISK = 'size=64k,mode=755';
const folder = mkdtempSync(join(tmpdir(), 'civicmeter-log-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the log file', () => {
  it('takes one JSON line each, in a folder that it makes', () => {
    const file = join(folder, 'new', 'civicmeter.log');
    const log = createLogger({ file });
    log.info('first');
    log.info('second');
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([{ msg: 'first' }, { msg: 'second' }]);
  });

  it('that cannot be opened is told as an error of its folder', () => {
    const file = join(folder, 'is-a-folder');
    mkdirSync(file);
    expect(() => createLogger({ file })).toThrow(expect.objectContaining({ code: 'DATA_UNWRITABLE', place: file }));
  });
});

describe.skipIf(skipDisk(DISK))('the log file on a full disk', () => {
  const disk = mountDisk(DISK) ?? '';
  afterAll(() => unmountDisk(disk));

  it('holds nobody up: what it does not take goes to standard error, and the program goes on and ends', () => {
    const logger = new URL('../../../pipeline/platform/logger.ts', import.meta.url).pathname;
    const program = `
      import { createLogger } from ${JSON.stringify(logger)};
      const log = createLogger({ file: ${JSON.stringify(join(disk, 'civicmeter.log'))} });
      for (let i = 0; i < 400; i++) log.info('x'.repeat(200));
      setTimeout(() => { log.info('the last line'); console.log('still here'); }, 50);`;
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
      encoding: 'utf8',
      timeout: 20_000,
      killSignal: 'SIGKILL',
    });
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'still here\n' });
    expect(stderr).toContain('the last line');
  });
});
