import { X509Certificate } from 'node:crypto';
import { mkdir, readdir, readFile, rename } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { OPCUACertificateManager } from 'node-opcua-certificate-manager';
import { configError, deviceError, requestError } from '#domain';
import { type CertificateFacts, factsOf, thumbprintOf } from './certificate.ts';
import { sightings, type Sighting } from './sightings.ts';

/** Folders of the trust list (Part 12, F.1), and our own certificate. */
const TRUSTED = 'trusted/certs';
const REJECTED = 'rejected';
const ISSUERS = 'issuers/certs';
const OWN = 'own/certs/client_certificate.pem';
const OWN_KEY = 'own/private/private_key.pem';
const RENEWED = 'own/old';
const OWN_DAYS = 5 * 365;
/** A server that shows another certificate each time must not fill the disk: what is beyond is refused and not kept. */
const MOST_REJECTED = 200;

export interface ListedCertificate extends CertificateFacts {
  /** Server that showed it, and when (epoch ms); null where it was put there by hand. */
  readonly server: string | null;
  readonly seenAt: number | null;
}

export interface TrustList {
  /** None before the first connection or `renew`. */
  readonly own: CertificateFacts | null;
  readonly trusted: readonly ListedCertificate[];
  readonly rejected: readonly ListedCertificate[];
  readonly issuers: readonly ListedCertificate[];
}

/** The certificates in the data folder. */
export async function listCertificates(folder: string): Promise<TrustList> {
  const seen = await sightings(folder).read();
  const listed = async (sub: string): Promise<readonly ListedCertificate[]> =>
    (await certificatesIn(join(folder, sub))).map(({ certificate }) => listedOf(certificate, seen));
  const own = await readOwn(folder);
  return {
    own: own ? factsOf(own) : null,
    trusted: await listed(TRUSTED),
    rejected: await listed(REJECTED),
    issuers: await listed(ISSUERS),
  };
}

const listedOf = (certificate: X509Certificate, seen: ReadonlyMap<string, Sighting>): ListedCertificate => {
  const facts = factsOf(certificate);
  const { server = null, at = null } = seen.get(facts.thumbprint) ?? {};
  return { ...facts, server, seenAt: at };
};

/** Moves a rejected certificate to the trusted ones. `wanted`: thumbprint, or its beginning. Throws CERTIFICATE_UNKNOWN, CERTIFICATE_AMBIGUOUS. */
export const trustCertificate = (folder: string, wanted: string): Promise<CertificateFacts> =>
  move(folder, wanted, REJECTED, TRUSTED);

/** Takes the trust back. */
export const rejectCertificate = (folder: string, wanted: string): Promise<CertificateFacts> =>
  move(folder, wanted, TRUSTED, REJECTED);

async function move(folder: string, wanted: string, from: string, to: string): Promise<CertificateFacts> {
  const beginning = wanted.replaceAll(/[:\s]/g, '').toUpperCase();
  const there = await certificatesIn(join(folder, from));
  const found = there.filter(({ certificate }) => beginning && thumbprintOf(certificate).startsWith(beginning));
  const [only] = found;
  if (!only) {
    throw requestError('CERTIFICATE_UNKNOWN', `no certificate in ${from} has a thumbprint that begins with ${wanted}`, {
      place: wanted,
      cure: 'civicmeter certificates list shows the thumbprints',
    });
  }
  if (found.length > 1) {
    throw requestError('CERTIFICATE_AMBIGUOUS', `${found.length} certificates begin with ${wanted}`, {
      place: wanted,
      cure: 'write more of the thumbprint',
    });
  }
  await mkdir(join(folder, to), { recursive: true });
  await rename(join(folder, from, only.file), join(folder, to, only.file));
  return factsOf(only.certificate);
}

/** Our own certificate, made where there is none. A server that checks must trust it. */
export async function ownCertificate(folder: string, now: number): Promise<CertificateFacts> {
  const own = await readOwn(folder);
  return own ? factsOf(own) : renewCertificate(folder, now);
}

/** A new certificate for the same key; the one before is kept in own/old. */
export async function renewCertificate(folder: string, now: number): Promise<CertificateFacts> {
  const before = await readOwn(folder);
  if (before) {
    await mkdir(join(folder, RENEWED), { recursive: true });
    await rename(join(folder, OWN), join(folder, RENEWED, `${thumbprintOf(before)}.pem`));
  }
  await withStore(folder, (store) =>
    store.createSelfSignedCertificate({
      applicationUri: `urn:${hostname()}:CivicMeter`,
      subject: `/CN=CivicMeter@${hostname()}/O=CivicMeter`,
      dns: [hostname()],
      startDate: new Date(now),
      validity: OWN_DAYS,
      outputFile: join(folder, OWN),
    }),
  );
  const own = await readOwn(folder);
  if (own) return factsOf(own);
  throw configError('CERTIFICATE_NOT_MADE', `no certificate could be made in ${folder}`, {
    place: folder,
    cure: 'check that this user may write there',
  });
}

export const ownFiles = (folder: string): { readonly certificateFile: string; readonly privateKeyFile: string } => ({
  certificateFile: join(folder, OWN),
  privateKeyFile: join(folder, OWN_KEY),
});

async function readOwn(folder: string): Promise<X509Certificate | undefined> {
  return readFile(join(folder, OWN)).then(
    (bytes) => new X509Certificate(bytes),
    () => undefined,
  );
}

/**
 * Whether a server's certificate (DER, with its chain where it sends one) is trusted: itself, or by a trusted issuer that
 * has not revoked it. An unknown one is put among the rejected, never accepted. Returns an error that says what to do.
 */
export async function trustFault(
  folder: string,
  chain: Buffer,
  shown: { readonly server: string; readonly now: number; readonly place: string },
): Promise<Error | undefined> {
  const certificate = new X509Certificate(chain);
  const facts = factsOf(certificate);
  const status = await withStore(folder, async (store) => {
    const verdict = await store.verifyCertificate(chain, { acceptCertificateWithValidIssuerChain: true });
    if (verdict === 'BadCertificateUntrusted' && (await hasRoom(folder))) {
      await store.rejectCertificate(certificate.raw);
      await sightings(folder).note(facts.thumbprint, { server: shown.server, at: shown.now });
    }
    return verdict;
  });
  // times are judged by our own clock, which is passed in
  if (status === 'Good' || status === 'BadCertificateTimeInvalid') return undefined;
  const whose = `the certificate of the server (${facts.subject}, ${facts.thumbprint})`;
  if (status !== 'BadCertificateUntrusted') {
    return deviceError('OPCUA_CERTIFICATE_CHAIN', `${whose} is refused: ${status}`, {
      place: shown.place,
      cure: `put the certificate of its issuer into ${folder}/${ISSUERS} and its revocation list into ${folder}/issuers/crl; if it was revoked, let the server have a new one`,
    });
  }
  return deviceError('OPCUA_CERTIFICATE_UNKNOWN', `${whose} is not trusted`, {
    place: shown.place,
    cure: `compare the thumbprint with the one that the server shows, then: civicmeter certificates trust ${facts.thumbprint}`,
  });
}

const hasRoom = async (folder: string): Promise<boolean> =>
  (await readdir(join(folder, REJECTED)).catch((): string[] => [])).length < MOST_REJECTED;

/** Opens the store anew each time: what a person moved meanwhile counts. */
export async function withStore<T>(folder: string, work: (store: OPCUACertificateManager) => Promise<T>): Promise<T> {
  const store = new OPCUACertificateManager({
    rootFolder: folder,
    automaticallyAcceptUnknownCertificate: false,
    disableFileWatchers: true,
  });
  await store.initialize();
  try {
    return await work(store);
  } finally {
    await store.dispose();
  }
}

async function certificatesIn(
  folder: string,
): Promise<readonly { readonly file: string; readonly certificate: X509Certificate }[]> {
  const files = await readdir(folder).catch((): string[] => []);
  const read = await Promise.all(
    files.toSorted().map(async (file) => {
      try {
        return [{ file, certificate: new X509Certificate(await readFile(join(folder, file))) }];
      } catch {
        // no certificate: the library passes over it as well
        return [];
      }
    }),
  );
  return read.flat();
}
