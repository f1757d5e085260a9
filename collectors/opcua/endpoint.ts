import { deviceError } from '#domain';
import type { OpcUaConnection, OpcUaUser } from '../contract.ts';

/** An endpoint as a server offers it (GetEndpoints, Part 4, 5.4.4), free of the library's classes. */
export interface Offer {
  readonly security: OpcUaConnection['security'];
  /** Short name of the policy: None, Basic256Sha256 … */
  readonly policy: string;
  /** DER; empty where the server has none. */
  readonly certificate: Buffer;
  readonly applicationUri: string;
  readonly logins: readonly Login[];
}

export interface Login {
  readonly kind: OpcUaUser['kind'] | 'anonymous' | 'other';
  /** Short name of the policy that protects the secret. */
  readonly policy: string;
}

/** Strongest first. What is not here is broken (Basic128Rsa15, Basic256) or not known to the library. */
const POLICIES = ['Aes256_Sha256_RsaPss', 'Basic256Sha256', 'Aes128_Sha256_RsaOaep'] as const;

/**
 * The endpoints in the configured mode that admit the configured user, that with the strongest policy first; at least one.
 * Throws OPCUA_SECURITY_NOT_OFFERED, OPCUA_LOGIN_NOT_OFFERED, OPCUA_PASSWORD_IN_CLEAR.
 */
export function chooseOffers(offers: readonly Offer[], connection: OpcUaConnection): readonly [Offer, ...Offer[]] {
  const policies = connection.security === 'none' ? ['None'] : POLICIES;
  const fitting = policies.flatMap((policy) =>
    offers.filter((offer) => offer.security === connection.security && offer.policy === policy),
  );
  if (fitting.length === 0) throw notOffered(offers, connection);
  const kind = connection.user?.kind ?? 'anonymous';
  const admitting = fitting.filter(({ logins }) => logins.some((login) => login.kind === kind));
  if (admitting.length === 0) throw loginNotOffered(fitting, connection);
  const [strongest, ...others] = admitting.filter((offer) => kind !== 'password' || !sendsInClear(offer));
  if (strongest) return [strongest, ...others];
  throw deviceError(
    'OPCUA_PASSWORD_IN_CLEAR',
    `${connection.endpoint}: the server wants the password unencrypted in the mode ${connection.security}`,
    { place: connection.id, cure: 'write security: sign-and-encrypt, or let the server demand an encrypted password' },
  );
}

const sendsInClear = ({ security, logins }: Offer): boolean =>
  security !== 'sign-and-encrypt' &&
  logins.filter(({ kind }) => kind === 'password').every(({ policy }) => policy === 'None');

function notOffered(offers: readonly Offer[], { id, endpoint, security }: OpcUaConnection): Error {
  const offered = [...new Set(offers.map((offer) => `${offer.security} (${offer.policy})`))].join(', ') || 'nothing';
  const secure = offers.some((offer) => offer.security !== 'none');
  const cure =
    security === 'none'
      ? 'write security: sign-and-encrypt, and let server and gateway trust each other (civicmeter certificates)'
      : secure
        ? `set up Basic256Sha256 or newer in the mode ${security} at the server, or write the mode that it offers with it`
        : 'switch security on at the server; only where its network is closed to others, write security: none';
  return deviceError(
    'OPCUA_SECURITY_NOT_OFFERED',
    `${endpoint}: the server offers no endpoint for security: ${security}; it offers ${offered}`,
    { place: id, cure },
  );
}

function loginNotOffered(offers: readonly Offer[], { id, endpoint, user }: OpcUaConnection): Error {
  const admitted = [...new Set(offers.flatMap(({ logins }) => logins.map(({ kind }) => kind)))].join(', ') || 'nobody';
  return deviceError(
    'OPCUA_LOGIN_NOT_OFFERED',
    `${endpoint}: the server does not admit ${user ? `a user with a ${user.kind}` : 'anonymous users'}; it admits ${admitted}`,
    {
      place: id,
      cure: user
        ? 'allow this kind of login at the server, or change user of the connection'
        : 'add user to the connection: { name, passwordEnv }, { name, passwordFile } or { certificate, key }',
    },
  );
}

/** Host that the certificate of the server must bear. */
export const expectedHost = ({ endpoint, certificateHost }: OpcUaConnection): string =>
  certificateHost ?? hostOf(endpoint);

/** The host of opc.tcp://host:port/path, an IPv6 address without its brackets. */
export const hostOf = (endpoint: string): string =>
  (/^opc\.tcp:\/\/(\[[^\]]+\]|[^:/]+)/.exec(endpoint)?.[1] ?? endpoint).replace(/^\[(.*)\]$/, '$1');
