import { X509Certificate } from 'node:crypto';
import {
  type EndpointDescription,
  MessageSecurityMode,
  OPCUAClient,
  SecurityPolicy,
  type UserIdentityInfo,
  UserTokenType,
} from 'node-opcua-client';
import { OPCUACertificateManager } from 'node-opcua-certificate-manager';
import { deviceError } from '#domain';
import type { OpcUaConnection } from '../contract.ts';
import { certificateFault } from './certificate.ts';
import { chooseOffers, expectedHost, type Login, type Offer } from './endpoint.ts';
import { connectError, isClosedOnUs } from './failure.ts';
import { type Identity, identityOf } from './identity.ts';
import { sessionOf } from './library-session.ts';
import type { OpenSession } from './session.ts';
import { ownCertificate, ownFiles, trustFault } from './trust.ts';
import { within } from './within.ts';

/** A line on which nothing at all comes for so long is dead. The library's figure for idleness, not for one answer: well above a keep-alive. */
const IDLE_MS = 2 * 60_000;

export interface ClientSurroundings {
  /** Folder of own key and certificate and of the trusted and rejected ones. */
  readonly certificates: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Epoch ms. */
  readonly now: () => number;
}

/**
 * Sessions through node-opcua-client: asks for the endpoints, takes the strongest that fits, judges the certificate of the
 * server, and only then connects, with that certificate and no other. The library's own reconnection is off: it would keep
 * node ids whose namespace index may have changed, and hide the gap (ADR 0030).
 */
export const opcUaClient =
  (connection: OpcUaConnection, surroundings: ClientSurroundings): OpenSession =>
  async () => {
    const { certificates, env, now } = surroundings;
    const own = await ownCertificate(certificates, now());
    try {
      const identity = await identityOf(connection, env);
      const offers = chooseOffers(await discover(connection, certificates), connection);
      return await openFirst(offers, async (offer) => {
        const secret = offer.security !== 'none' || identity.kind !== 'anonymous';
        if (secret) await mindServer(connection, surroundings, offer);
        return connect(connection, certificates, offer, identity);
      });
    } catch (error) {
      throw connectError(connection, own.thumbprint, error);
    }
  };

/** Some servers offer a policy that they cannot do, and close the channel: the next strongest is tried then. */
async function openFirst(
  [offer, next, ...others]: readonly [Offer, ...Offer[]],
  open: (offer: Offer) => ReturnType<OpenSession>,
): ReturnType<OpenSession> {
  try {
    return await open(offer);
  } catch (error) {
    if (next && isClosedOnUs(error)) return openFirst([next, ...others], open);
    throw error;
  }
}

/** Whatever the server offers, asked for on an unsecured channel, as OPC UA has it. */
async function discover(connection: OpcUaConnection, certificates: string): Promise<readonly Offer[]> {
  const { client, end } = await newClient(connection, certificates, {});
  try {
    await within(2 * connection.timeoutMs, client.connect(connection.endpoint));
    return (await within(connection.timeoutMs, client.getEndpoints())).flatMap(offerOf);
  } finally {
    await end();
  }
}

/** Throws what speaks against the certificate of the server. */
async function mindServer(
  connection: OpcUaConnection,
  { certificates, now }: ClientSurroundings,
  offer: Offer,
): Promise<void> {
  const { id: place, endpoint: server } = connection;
  if (offer.certificate.length === 0) {
    throw deviceError('OPCUA_CERTIFICATE_UNKNOWN', `${server}: the server shows no certificate`, {
      place,
      cure: 'let the server make a certificate of its own',
    });
  }
  // an unknown one is put among the rejected even where something else speaks against it: so it can be looked at
  const untrusted = await trustFault(certificates, offer.certificate, { server, now: now(), place });
  const expected = { host: expectedHost(connection), applicationUri: offer.applicationUri, now: now(), place };
  const fault = certificateFault(new X509Certificate(offer.certificate), expected) ?? untrusted;
  if (fault) throw fault;
}

async function connect(
  connection: OpcUaConnection,
  certificates: string,
  offer: Offer,
  identity: Identity,
): ReturnType<OpenSession> {
  const { client, end } = await newClient(connection, certificates, {
    securityMode: MODES[offer.security],
    securityPolicy: policyOf(offer.policy),
    ...(offer.certificate.length > 0 ? { serverCertificate: offer.certificate } : {}),
  });
  const lost = new AbortController();
  const lose = (what: string) => (): void => lost.abort(lostError(connection, what));
  client.on('connection_lost', lose('the connection broke'));
  client.on('close', lose('the connection was closed'));
  client.on('abort', lose('the connection was refused'));
  try {
    await within(2 * connection.timeoutMs, client.connect(connection.endpoint));
    const session = await within(connection.timeoutMs, client.createSession(loginOf(identity)));
    session.on('session_closed', lose('the server closed the session'));
    session.on('keepalive_failure', lose('the server no longer answers'));
    return sessionOf(connection, session, lost, lostError, end);
  } catch (error) {
    await end();
    throw error;
  }
}

async function newClient(
  connection: OpcUaConnection,
  certificates: string,
  security: Pick<Parameters<typeof OPCUAClient.create>[0], 'securityMode' | 'securityPolicy' | 'serverCertificate'>,
): Promise<{ readonly client: OPCUAClient; readonly end: (late?: AbortSignal) => Promise<void> }> {
  const manager = new OPCUACertificateManager({
    rootFolder: certificates,
    automaticallyAcceptUnknownCertificate: false,
    disableFileWatchers: true,
  });
  await manager.initialize();
  const client = OPCUAClient.create({
    applicationName: 'CivicMeter',
    clientName: `CivicMeter ${connection.id}`,
    clientCertificateManager: manager,
    ...ownFiles(certificates),
    endpointMustExist: false,
    keepSessionAlive: true,
    connectionStrategy: { maxRetry: 0 },
    transportTimeout: IDLE_MS,
    defaultTransactionTimeout: connection.timeoutMs,
    ...security,
  });
  const end = async (late?: AbortSignal): Promise<void> => {
    await within(connection.timeoutMs, client.disconnect(), late).catch(() => undefined);
    await manager.dispose();
  };
  return { client, end };
}

const MODES: Readonly<Record<OpcUaConnection['security'], MessageSecurityMode>> = {
  none: MessageSecurityMode.None,
  sign: MessageSecurityMode.Sign,
  'sign-and-encrypt': MessageSecurityMode.SignAndEncrypt,
};
const URI = 'http://opcfoundation.org/UA/SecurityPolicy#';

function policyOf(name: string): SecurityPolicy {
  const policy = Object.values(SecurityPolicy).find((uri) => uri === `${URI}${name}`);
  return policy ?? SecurityPolicy.None;
}

const LOGINS: Readonly<Partial<Record<UserTokenType, Login['kind']>>> = {
  [UserTokenType.Anonymous]: 'anonymous',
  [UserTokenType.UserName]: 'password',
  [UserTokenType.Certificate]: 'certificate',
};

function offerOf(endpoint: EndpointDescription): readonly Offer[] {
  const security = Object.entries(MODES).find(([, mode]) => mode === endpoint.securityMode)?.[0];
  if (!isSecurity(security)) return [];
  const policy = shortName(endpoint.securityPolicyUri);
  const logins = (endpoint.userIdentityTokens ?? []).map((token) => ({
    kind: LOGINS[token.tokenType] ?? 'other',
    policy: shortName(token.securityPolicyUri) || policy,
  }));
  const certificate = Buffer.from(endpoint.serverCertificate ?? Buffer.alloc(0));
  return [{ security, policy, certificate, applicationUri: endpoint.server.applicationUri ?? '', logins }];
}

const isSecurity = (name: string | undefined): name is OpcUaConnection['security'] =>
  name !== undefined && Object.hasOwn(MODES, name);
const shortName = (uri: string | null): string => uri?.split('#').at(-1) ?? '';

function loginOf(identity: Identity): UserIdentityInfo {
  if (identity.kind === 'anonymous') return { type: UserTokenType.Anonymous };
  if (identity.kind === 'password') {
    return { type: UserTokenType.UserName, userName: identity.name, password: identity.password };
  }
  return { type: UserTokenType.Certificate, certificateData: identity.certificate, privateKey: identity.key };
}

const lostError = (connection: OpcUaConnection, what: string): Error =>
  deviceError('OPCUA_SESSION_LOST', `${connection.endpoint}: ${what}`, {
    place: connection.id,
    cure: 'it is opened again by itself; if this repeats, check the server and the network',
  });
