import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { resolveRegister } from '../../../collectors/devices/index.ts';
import { loadSite } from '../../../collectors/site/index.ts';

const models = { models: new Map(), resolveRegister };

describe('loading a site file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'civicmeter-site-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('throws one error that lists every mistake with its place', () => {
    const file = join(folder, 'site.yaml');
    writeFileSync(
      file,
      'site: { id: s, name: S, zone: Mars }\npoints: [{ id: p, name: P, carrier: water, role: sub, meters: [] }]\n',
    );
    expect(() => loadSite(file, models)).toThrowError(
      expect.objectContaining({
        kind: 'ConfigError',
        code: 'SITE_INVALID',
        place: file,
        message: expect.stringMatching(/2 mistakes:\n {2}.*site\.yaml:1:31: .*\n {2}.*site\.yaml:2:50: /),
      }),
    );
  });

  it('names a file that is not there', () => {
    const file = join(folder, 'nowhere.yaml');
    expect(() => loadSite(file, models)).toThrowError(
      expect.objectContaining({ code: 'SITE_UNREADABLE', place: file }),
    );
  });
});
