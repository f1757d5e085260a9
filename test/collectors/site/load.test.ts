import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { resolveRegister } from '../../../collectors/devices/index.ts';
import { loadFacts } from '../../../collectors/site/facts/index.ts';
import { gbk } from '../../support/readings.ts';
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

  it('takes UTF-8 alone, with or without its mark: names in GBK would be garbled in the books for ever', () => {
    const file = join(folder, 'gbk.yaml');
    writeFileSync(file, gbk('site: { id: s, name: 公 }\n'));
    expect(() => loadSite(file, models)).toThrowError(
      expect.objectContaining({ code: 'SITE_UNREADABLE', cure: 'save it as UTF-8' }),
    );
    expect(() => loadFacts(file)).toThrowError(
      expect.objectContaining({ code: 'FACTS_UNREADABLE', cure: 'save it as UTF-8' }),
    );
    writeFileSync(file, '\ufeffsite: { id: s, name: 公 }\n');
    expect(loadSite(file, models).registry.site.name.zh).toBe('公');
  });

  it('names a file that is not there', () => {
    const file = join(folder, 'nowhere.yaml');
    expect(() => loadSite(file, models)).toThrowError(
      expect.objectContaining({ code: 'SITE_UNREADABLE', place: file }),
    );
  });
});
