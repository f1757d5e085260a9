import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { X509Certificate } from 'node:crypto';
import { afterAll, expect, test } from 'vitest';
import {
  certificatesSchema,
  movedCertificateSchema,
  renewedCertificateSchema,
} from '../../../../api/cli/shapes-opcua.ts';
import { trustFault } from '../../../../collectors/opcua/trust.ts';
import { cli } from '../../../support/cli.ts';
import { makeCertificate } from '../../../support/opcua/pki.ts';

const data = mkdtempSync(join(tmpdir(), 'civicmeter-certificates-cli-'));
afterAll(() => rmSync(data, { recursive: true, force: true }));

const json = async (...args: readonly string[]): Promise<unknown> => {
  const { code, out, err } = await cli(['certificates', ...args, '--data', data, '--json']);
  expect([code, err]).toEqual([0, '']);
  return JSON.parse(out);
};
const list = async () => certificatesSchema.parse(await json('list'));

test('an empty data folder has no certificates, and the list says how to get one', async () => {
  expect(await list()).toMatchObject({ own: null, trusted: [], rejected: [], issuers: [] });
  expect((await cli(['certificates', 'list', '--data', data])).out).toContain('civicmeter certificates renew');
});

test('renew makes our own, and another time a new one', async () => {
  const first = renewedCertificateSchema.parse(await json('renew'));
  expect(await list()).toMatchObject({ own: { thumbprint: first.thumbprint, file: first.file, valid: true } });
  const second = renewedCertificateSchema.parse(await json('renew'));
  expect(second.thumbprint).not.toBe(first.thumbprint);
  expect(new X509Certificate(readFileSync(second.file)).fingerprint.replaceAll(':', '')).toBe(second.thumbprint);
});

test('a server that came by is listed with thumbprint, subject and address, then trusted, then rejected', async () => {
  const { folder } = await list();
  const made = await makeCertificate(mkdtempSync(join(data, 'server-')));
  const server = 'opc.tcp://plc-7:4840';
  const der = new X509Certificate(readFileSync(made.certificate)).raw;
  await trustFault(folder, der, { server, now: Date.now(), place: 'ua' });
  expect((await list()).rejected).toMatchObject([
    { thumbprint: made.thumbprint, subject: 'CN=made for a test', server, valid: true },
  ]);
  const people = await cli(['certificates', 'list', '--data', data, '--lang', 'zh']);
  expect(people.out).toMatch(new RegExp(`未信任.*${made.thumbprint}.*${server}`));
  expect(movedCertificateSchema.parse(await json('trust', made.thumbprint))).toMatchObject({ trusted: true });
  expect(await list()).toMatchObject({ trusted: [{ thumbprint: made.thumbprint, server }], rejected: [] });
  expect(movedCertificateSchema.parse(await json('reject', made.thumbprint))).toMatchObject({ trusted: false });
  expect(await list()).toMatchObject({ trusted: [], rejected: [{ thumbprint: made.thumbprint }] });
});

test('a thumbprint that is not there is told with what to do', async () => {
  const { code, err } = await cli(['certificates', 'trust', 'FFFF', '--data', data, '--lang', 'zh']);
  expect(code).toBe(2);
  expect(err).toContain('certificates list');
});
