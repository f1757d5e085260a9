import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { deviceError } from '#domain';

/** What people compare of a certificate. */
export interface CertificateFacts {
  /** SHA-1 over the DER, capital hex digits: how OPC UA names a certificate (Part 4, 7.2). */
  readonly thumbprint: string;
  readonly sha256: string;
  readonly subject: string;
  readonly issuer: string;
  /** Epoch ms. */
  readonly validFrom: number;
  readonly validTo: number;
  readonly applicationUri: string | null;
  /** Names and addresses of the machine. */
  readonly hosts: readonly string[];
}

export function factsOf(certificate: X509Certificate): CertificateFacts {
  const names = (certificate.subjectAltName ?? '').split(', ');
  const named = (...kinds: readonly string[]): readonly string[] =>
    names.flatMap((name) => kinds.flatMap((kind) => (name.startsWith(kind) ? [name.slice(kind.length)] : [])));
  return {
    thumbprint: thumbprintOf(certificate),
    sha256: certificate.fingerprint256,
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    validFrom: Date.parse(certificate.validFrom),
    validTo: Date.parse(certificate.validTo),
    applicationUri: named('URI:')[0] ?? null,
    hosts: named('DNS:', 'IP Address:'),
  };
}

export const thumbprintOf = (certificate: X509Certificate): string => certificate.fingerprint.replaceAll(':', '');

const oneLine = (name: string): string => name.split('\n').join(', ');

/** The least that OPC UA's policies of today admit (Part 7, Basic256Sha256 and its like). */
const LEAST_RSA_BITS = 2048;
const WEAK_DIGEST = /md5|sha1\b|sha-1\b|sha1with/i;

/**
 * What speaks against a server's certificate whoever trusts it: the time, the host, the application, the strength. An
 * error that says what to do, or nothing (Part 4, 6.1.3, table of certificate validation steps).
 */
export function certificateFault(
  certificate: X509Certificate,
  expected: { readonly host: string; readonly applicationUri: string; readonly now: number; readonly place: string },
): Error | undefined {
  const facts = factsOf(certificate);
  const whose = `the certificate of the server (${facts.subject}, ${facts.thumbprint})`;
  const { place, now } = expected;
  if (now >= facts.validTo || now < facts.validFrom) {
    const [from, to] = [new Date(facts.validFrom).toISOString(), new Date(facts.validTo).toISOString()];
    return deviceError('OPCUA_CERTIFICATE_EXPIRED', `${whose} is valid from ${from} to ${to}, not now`, {
      place,
      cure: 'renew it at the server, then trust the new one; check the clocks of both machines as well',
    });
  }
  if (!bearsHost(certificate, expected.host)) {
    return deviceError(
      'OPCUA_CERTIFICATE_OTHER_HOST',
      `${whose} is for ${facts.hosts.join(', ') || 'no host'}, not for ${expected.host}`,
      {
        place,
        cure: 'write a host of the certificate into endpoint; where none can be reached by its name, compare the thumbprint with the server and write certificateHost',
      },
    );
  }
  if (facts.applicationUri !== expected.applicationUri) {
    return deviceError(
      'OPCUA_CERTIFICATE_OTHER_APPLICATION',
      `${whose} is for the application ${facts.applicationUri ?? '(none)'}; the server says that it is ${expected.applicationUri}`,
      { place, cure: 'let the server make a new certificate of its own, then trust it' },
    );
  }
  return weakness(certificate, whose, place);
}

function weakness(certificate: X509Certificate, whose: string, place: string): Error | undefined {
  const { asymmetricKeyType, asymmetricKeyDetails } = certificate.publicKey;
  const bits = asymmetricKeyDetails?.modulusLength ?? 0;
  const digest = certificate.signatureAlgorithm ?? '';
  const weak =
    asymmetricKeyType === 'rsa' && bits < LEAST_RSA_BITS
      ? `a key of ${bits} bits`
      : WEAK_DIGEST.test(digest)
        ? `a signature by ${digest}`
        : undefined;
  if (weak === undefined) return undefined;
  return deviceError('OPCUA_CERTIFICATE_WEAK', `${whose} has ${weak}`, {
    place,
    cure: 'let the server make one with RSA 2048 bits or more and SHA-256',
  });
}

function bearsHost(certificate: X509Certificate, host: string): boolean {
  if (isIP(host) > 0) return certificate.checkIP(host) !== undefined;
  return certificate.checkHost(host, { subject: 'never' }) !== undefined;
}
