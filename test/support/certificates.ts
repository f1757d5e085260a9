import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface TestCertificates {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  readonly ca: string;
  readonly certificate: string;
  readonly privateKey: string;
}

/** An authority and a certificate that it signed for `name` (an IP address, or a host name), made by OpenSSL. */
export function makeCertificates(folder: string, name = '127.0.0.1', days = 2): TestCertificates {
  const at = (file: string): string => join(folder, file);
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl('req', '-x509', ...key, '-keyout', at('ca.key'), '-out', at('ca.pem'), '-subj', '/CN=Test CA', '-days', '2');
  openssl('req', ...key, '-keyout', at('tls.key'), '-out', at('tls.csr'), '-subj', '/CN=centre');
  const kind = /^[\d.]+$|:/.test(name) ? 'IP' : 'DNS';
  writeFileSync(at('tls.ext'), `subjectAltName=${kind}:${name}\n`);
  const signed = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial', '-extfile', at('tls.ext')];
  openssl('x509', '-req', '-in', at('tls.csr'), ...signed, '-out', at('tls.pem'), '-days', String(days));
  const [caFile, certFile, keyFile] = [at('ca.pem'), at('tls.pem'), at('tls.key')];
  const text = (file: string): string => readFileSync(file, 'utf8');
  return { caFile, certFile, keyFile, ca: text(caFile), certificate: text(certFile), privateKey: text(keyFile) };
}
