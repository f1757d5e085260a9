import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { devicesCheckSchema, devicesSchema } from '../../../../api/cli/shapes-devices.ts';
import { siteModels } from '../../../../api/cli/wiring/models.ts';
import { loadModels } from '../../../../collectors/devices/index.ts';
import { loadSite } from '../../../../collectors/site/index.ts';
import { cli } from '../../../support/cli.ts';

const OWN = `protocol: modbus
id: acme-em1
vendor: Acme
model: EM1
source: { document: EM1 manual rev 3, confidence: B }
maxWords: 60
registers:
  - { name: e1, quantity: energy.import.total, kind: counter, carrier: electricity, unit: kWh, scale: '0.01', fc: 3, address: 10, type: u32, order: ABCD }
`;

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'civicmeter-devices-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const ownFile = (dir: string, name = 'acme-em1.yaml', text = OWN): string => {
  mkdirSync(join(dir, 'devices'), { recursive: true });
  writeFileSync(join(dir, 'devices', name), text);
  return join(dir, 'devices', name);
};

describe('devices', () => {
  test('lists every model of the library, as a document and as a table', async () => {
    const json = await cli(['devices', '--json', '--data', folder]);
    const { devices } = devicesSchema.parse(JSON.parse(json.out));
    expect(devices).toEqual([...loadModels().values()]);
    const { code, out } = await cli(['devices', '--data', folder, '--lang', 'zh']);
    expect(code).toBe(0);
    for (const { id } of devices) expect(out).toContain(` ${id} `);
  });

  test('shows one with its registers, split totals, settings and what its values mean', async () => {
    const { out } = await cli(['devices', 'tuf-2000m', '--data', folder]);
    expect(out).toMatch(/v1 +volume\.forward +m3 +1 +3 +8–11 +f32 +CDAB +\+ 1 × i32 CDAB @ 8/);
    expect(out).toContain('setting config.totalizer_unit: fc 3 @ 1437');
    expect((await cli(['devices', 'chint-dtsu666', '--data', folder])).out).toContain('secondary values');
    const one = await cli(['devices', 'tuf-2000m', '--json', '--data', folder]);
    expect(devicesSchema.parse(JSON.parse(one.out)).devices).toEqual([loadModels().get('tuf-2000m')]);
  });

  test('names what was probably meant by an id that it does not know', async () => {
    const { code, err } = await cli(['devices', 'tuf-200m', '--data', folder]);
    expect(code).toBe(2);
    expect(err).toContain('Did you mean "tuf-2000m"?');
  });
});

describe("a site's own models", () => {
  test('stand in the folder devices beside its file, or in the data folder', async () => {
    const site = join(folder, 'site.yaml');
    ownFile(folder);
    const data = join(folder, 'data');
    ownFile(data, 'acme-em2.yaml', OWN.replace('acme-em1', 'acme-em2'));
    const { out } = await cli(['devices', '--site', site, '--data', data]);
    expect(out).toContain('acme-em1');
    expect(out).toContain('acme-em2');
    expect((await cli(['devices', '--data', data])).out).not.toContain('acme-em1');
  });

  test('are known to the check of the site file, and to whoever reads its meters', async () => {
    const site = join(folder, 'site.yaml');
    const text = readFileSync('fixtures/sites/one-office.yaml', 'utf8');
    const model = /model: (acrel\S+)/.exec(text)?.[1] ?? '';
    writeFileSync(site, text.replaceAll(model, 'acme-em1'));
    expect((await cli(['check', site, '--data', folder])).out).toContain('There is no device model "acme-em1"');
    ownFile(
      folder,
      'acme-em1.yaml',
      readFileSync(`collectors/devices/${model}.yaml`, 'utf8').replace(model, 'acme-em1'),
    );
    expect(await cli(['check', site, '--data', folder])).toMatchObject({ code: 0 });
    const checked = loadSite(site, siteModels({ site }));
    expect(checked.models.get('acme-em1')?.id).toBe('acme-em1');
  });

  test('may not take an id of the library: the message names both files', async () => {
    const site = join(folder, 'site.yaml');
    cpSync('fixtures/sites/one-office.yaml', site);
    ownFile(folder, 'sbc-ale3.yaml', OWN.replace('acme-em1', 'sbc-ale3'));
    const { code, err } = await cli(['check', site, '--data', folder]);
    expect(code).toBe(3);
    expect(err).toMatch(
      /sbc-ale3\.yaml:2:5: The model "sbc-ale3" stands in \S+collectors\/devices\/sbc-ale3\.yaml already/,
    );
  });
});

describe('devices check', () => {
  test('passes a file that is right, also one of the library itself', async () => {
    const { code, out } = await cli(['devices', 'check', ownFile(folder), 'collectors/devices/sbc-ale3.yaml']);
    expect({ code, out }).toEqual({
      code: 0,
      out: expect.stringMatching(/acme-em1\.yaml: fine, 1 register\.\n.*sbc-ale3\.yaml: fine, 13 registers\.\n$/),
    });
  });

  test('says every mistake of every file with line, place and cure, in the language asked for', async () => {
    const wrong = ownFile(folder, 'acme-em1.yaml', OWN.replace('unit: kWh', 'unit: kwhh').replace('ABCD', 'AB'));
    const again = ownFile(join(folder, 'more'), 'sbc-ale3.yaml', OWN.replace('acme-em1', 'sbc-ale3'));
    const { code, out } = await cli(['devices', 'check', wrong, again, '--json']);
    expect(code).toBe(1);
    const { files } = devicesCheckSchema.parse(JSON.parse(out));
    expect(files.map(({ problems }) => problems.map(({ code: of, line }) => [of, line]))).toEqual([
      [
        ['UNIT_UNKNOWN', 8],
        ['ORDER_LENGTH', 8],
      ],
      [['ID_TAKEN', 2]],
    ]);
    const chinese = await cli(['devices', 'check', wrong, '--lang', 'zh']);
    expect(chinese.out).toMatch(/acme-em1\.yaml:8:\d+: "kwhh" 不是电的单位。是否想写 "kWh"？/);
    expect(chinese.out).toContain('共 2 处错误');
  });

  test('needs a file that can be read', async () => {
    expect(await cli(['devices', 'check'])).toMatchObject({ code: 2 });
    const { code, err } = await cli(['devices', 'check', join(folder, 'none.yaml')]);
    expect(code).toBe(2);
    expect(err).toContain('[FILE_UNREADABLE]');
  });
});
