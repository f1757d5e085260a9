import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OPCUACertificateManager } from 'node-opcua';

export interface MadeCertificate {
  /** PEM files. */
  readonly certificate: string;
  readonly key: string;
  /** The certificate in DER. */
  readonly der: string;
  readonly thumbprint: string;
}

export interface CertificateWish {
  readonly applicationUri?: string;
  readonly ip?: readonly string[];
  readonly dns?: readonly string[];
  readonly from?: Date;
  readonly days?: number;
}

/** A self-signed certificate of an application, in a folder of its own. */
export async function makeCertificate(folder: string, wish: CertificateWish = {}): Promise<MadeCertificate> {
  const { applicationUri = 'urn:test:server', ip = ['127.0.0.1'], dns = [], from = new Date(), days = 30 } = wish;
  const manager = new OPCUACertificateManager({ rootFolder: folder, disableFileWatchers: true });
  await manager.initialize();
  const certificate = join(folder, 'certificate.pem');
  await manager.createSelfSignedCertificate({
    applicationUri,
    ip: [...ip],
    dns: [...dns],
    subject: '/CN=made for a test',
    startDate: from,
    validity: days,
    outputFile: certificate,
  });
  await manager.dispose();
  return filesOf(folder, certificate, join(folder, 'own/private/private_key.pem'));
}

/** One that is too weak for our makers: by openssl. */
export function makeWeakCertificate(folder: string, bits: number, digest: 'sha1' | 'sha256'): MadeCertificate {
  const [certificate, key] = [join(folder, 'weak.pem'), join(folder, 'weak.key')];
  const names = 'subjectAltName=URI:urn:test:server,IP:127.0.0.1';
  const what = ['-subj', '/CN=weak', '-addext', names, '-days', '30', `-${digest}`];
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', `rsa:${bits}`, '-nodes', '-keyout', key, '-out', certificate, ...what],
    {
      stdio: 'ignore',
      // the library names a configuration of its own in the environment
      env: { PATH: process.env['PATH'] },
    },
  );
  return filesOf(folder, certificate, key);
}

function filesOf(folder: string, certificate: string, key: string): MadeCertificate {
  const parsed = new X509Certificate(readFileSync(certificate));
  const der = join(folder, 'certificate.der');
  writeFileSync(der, parsed.raw);
  return { certificate, key, der, thumbprint: parsed.fingerprint.replaceAll(':', '') };
}
