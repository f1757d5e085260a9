import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { certificateFault, factsOf } from '../../../collectors/opcua/certificate.ts';
import {
  listCertificates,
  ownCertificate,
  rejectCertificate,
  renewCertificate,
  trustCertificate,
  trustFault,
} from '../../../collectors/opcua/trust.ts';
import { type CertificateWish, makeCertificate, makeWeakCertificate } from '../../support/opcua/pki.ts';

const DAY = 86_400_000;
const NOW = Date.now();
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'civicmeter-certificates-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const read = (file: string): X509Certificate => new X509Certificate(readFileSync(file));
const made = async (wish: CertificateWish = {}): Promise<X509Certificate> =>
  read((await makeCertificate(await mkdtemp(join(folder, 'made-')), wish)).certificate);
const expected = { host: '127.0.0.1', applicationUri: 'urn:test:server', now: NOW + 60_000, place: 'ua' };
const fault = (certificate: X509Certificate, more: Partial<typeof expected> = {}): unknown => {
  const error = certificateFault(certificate, { ...expected, ...more });
  return error && 'code' in error ? error.code : error;
};

test('a certificate for this host and application, valid now and strong, has no fault', async () => {
  const certificate = await made({ dns: ['plc-7', '*.plant.lan'] });
  for (const host of ['127.0.0.1', 'plc-7', 'PLC-7', 'a.plant.lan'])
    expect(fault(certificate, { host })).toBeUndefined();
  expect(factsOf(certificate)).toMatchObject({
    applicationUri: 'urn:test:server',
    hosts: expect.arrayContaining(['127.0.0.1', 'plc-7']),
    thumbprint: expect.stringMatching(/^[0-9A-F]{40}$/),
  });
});

test('expired, not yet valid, for another host or application: each is refused', async () => {
  const certificate = await made({ days: 10 });
  expect(fault(certificate, { now: NOW + 11 * DAY })).toBe('OPCUA_CERTIFICATE_EXPIRED');
  expect(fault(certificate, { now: NOW - DAY })).toBe('OPCUA_CERTIFICATE_EXPIRED');
  for (const host of ['127.0.0.2', 'localhost', 'made for a test', '::1']) {
    expect(fault(certificate, { host })).toBe('OPCUA_CERTIFICATE_OTHER_HOST');
  }
  expect(fault(certificate, { applicationUri: 'urn:other' })).toBe('OPCUA_CERTIFICATE_OTHER_APPLICATION');
});

test('a short key or a signature by SHA-1 is refused', () => {
  const weak = (bits: number, digest: 'sha1' | 'sha256'): X509Certificate =>
    read(makeWeakCertificate(mkdtempSync(join(folder, 'weak-')), bits, digest).certificate);
  expect(fault(weak(1_024, 'sha256'))).toBe('OPCUA_CERTIFICATE_WEAK');
  expect(fault(weak(2_048, 'sha1'))).toBe('OPCUA_CERTIFICATE_WEAK');
  expect(fault(weak(2_048, 'sha256'))).toBeUndefined();
});

test('every refusal tells what to do', async () => {
  const error = certificateFault(await made(), { ...expected, host: 'elsewhere' });
  expect(error).toMatchObject({ place: 'ua', cure: expect.stringContaining('certificateHost') });
});

const shown = { server: 'opc.tcp://plc-7:4840', now: NOW, place: 'ua' };

test('an unknown certificate waits among the rejected until a person trusts it, and no longer when the trust is taken back', async () => {
  const pki = await mkdtemp(join(folder, 'pki-'));
  const certificate = await made();
  const { thumbprint } = factsOf(certificate);
  const judge = async (): Promise<unknown> => {
    const error = await trustFault(pki, certificate.raw, shown);
    return error && 'code' in error ? error.code : error;
  };
  expect(await judge()).toBe('OPCUA_CERTIFICATE_UNKNOWN');
  expect(await listCertificates(pki)).toMatchObject({
    trusted: [],
    rejected: [{ thumbprint, server: shown.server, seenAt: NOW }],
  });
  expect(await judge()).toBe('OPCUA_CERTIFICATE_UNKNOWN');
  await trustCertificate(pki, thumbprint.slice(0, 8).toLowerCase());
  expect(await judge()).toBeUndefined();
  expect(await listCertificates(pki)).toMatchObject({ trusted: [{ thumbprint }], rejected: [] });
  await rejectCertificate(pki, thumbprint);
  expect(await judge()).toBe('OPCUA_CERTIFICATE_UNKNOWN');
});

test('a thumbprint that names none, or more than one, moves nothing', async () => {
  const pki = await mkdtemp(join(folder, 'pki-'));
  const certificate = await made();
  await trustFault(pki, certificate.raw, shown);
  await writeFile(join(pki, 'rejected', 'twice.der'), certificate.raw);
  for (const none of ['zz', ' ']) {
    await expect(trustCertificate(pki, none)).rejects.toMatchObject({ code: 'CERTIFICATE_UNKNOWN' });
  }
  const { thumbprint } = factsOf(certificate);
  await expect(trustCertificate(pki, thumbprint)).rejects.toMatchObject({ code: 'CERTIFICATE_AMBIGUOUS' });
  expect(await listCertificates(pki)).toMatchObject({ trusted: [], rejected: [{ thumbprint }, { thumbprint }] });
});

test('a server that shows ever new certificates does not fill the disk', async () => {
  const pki = await mkdtemp(join(folder, 'pki-'));
  await mkdir(join(pki, 'rejected'));
  for (let i = 0; i < 200; i += 1) await writeFile(join(pki, 'rejected', `${i}.pem`), '');
  const error = await trustFault(pki, (await made()).raw, shown);
  expect(error).toMatchObject({ code: 'OPCUA_CERTIFICATE_UNKNOWN' });
  expect(await readdir(join(pki, 'rejected'))).toHaveLength(200);
});

test('what is no certificate in the folders is passed over', async () => {
  const pki = await mkdtemp(join(folder, 'pki-'));
  await trustFault(pki, (await made()).raw, shown);
  await writeFile(join(pki, 'rejected', 'notes.txt'), 'not one');
  await writeFile(join(pki, 'seen.json'), '{"broken');
  expect((await listCertificates(pki)).rejected).toMatchObject([{ server: null, seenAt: null }]);
});

test('our own certificate is made once, renewed for the same key, and the one before is kept', async () => {
  const pki = await mkdtemp(join(folder, 'pki-'));
  const first = await ownCertificate(pki, NOW);
  expect(await ownCertificate(pki, NOW + DAY)).toEqual(first);
  const key = await readFile(join(pki, 'own/private/private_key.pem'), 'utf8');
  const second = await renewCertificate(pki, NOW + DAY);
  expect(second.thumbprint).not.toBe(first.thumbprint);
  expect(second.validTo).toBeGreaterThan(first.validTo);
  expect(await readFile(join(pki, 'own/private/private_key.pem'), 'utf8')).toBe(key);
  expect(await readdir(join(pki, 'own/old'))).toEqual([`${first.thumbprint}.pem`]);
  expect((await listCertificates(pki)).own?.thumbprint).toBe(second.thumbprint);
});
