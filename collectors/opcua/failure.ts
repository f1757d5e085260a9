import { deviceError, isMeteringError } from '#domain';
import type { OpcUaConnection } from '../contract.ts';

/** Status names with which a server turns down who logs in (Part 4, 7.39.2). */
const LOGIN_REFUSED = /BadIdentityToken\w*|BadUserAccessDenied|BadUserSignatureInvalid|BadIdentityChangeNotSupported/;
/** With which it turns down our application's certificate; its own was judged before. */
const OWN_REFUSED = /BadCertificate\w*|BadSecurityChecksFailed|BadApplicationSignatureInvalid|BadNoValidCertificates/;

/** What became of an attempt to open a session, as an error with what to do. `own`: thumbprint of our certificate. */
export function connectError(connection: OpcUaConnection, own: string | undefined, cause: unknown): Error {
  if (isMeteringError(cause)) return cause;
  const message = (cause instanceof Error ? cause.message : String(cause)).split('\n')[0] ?? '';
  const { id: place, endpoint } = connection;
  if (LOGIN_REFUSED.test(message)) return loginRefused(connection, message, cause);
  if (connection.security !== 'none' && (OWN_REFUSED.test(message) || isClosedOnUs(cause))) {
    const closed = isClosedOnUs(cause) ? ' (it closed the secure channel)' : '';
    return deviceError('OPCUA_OWN_CERTIFICATE_REFUSED', `${endpoint}: ${message}${closed}`, {
      place,
      cure: `let the server trust our certificate${own ? ` ${own}` : ''} (civicmeter certificates list tells its file); if it has expired: civicmeter certificates renew`,
      cause,
    });
  }
  return deviceError('OPCUA_CONNECT_FAILED', `${endpoint}: ${message}`, {
    place,
    cure: 'check that the server runs, and host, port and path of its endpoint',
    cause,
  });
}

function loginRefused({ id: place, endpoint, user }: OpcUaConnection, message: string, cause: unknown): Error {
  if (user?.kind === 'certificate') {
    return deviceError('OPCUA_USER_CERTIFICATE_REFUSED', `${endpoint}: ${user.certificate}: ${message}`, {
      place,
      cure: "put the user's certificate among the trusted user certificates of the server, or name another one",
      cause,
    });
  }
  return deviceError('OPCUA_LOGIN_REFUSED', `${endpoint}: ${user?.name ?? 'anonymous'}: ${message}`, {
    place,
    cure: user
      ? `check the name, and the password in ${user.password.name}; the user needs the right to read`
      : 'add user to the connection: the server admits nobody without a name',
    cause,
  });
}

/** A server that does not trust us, or cannot do the policy that it offers, may close the channel without a word. */
export const isClosedOnUs = (cause: unknown): boolean =>
  cause instanceof Error &&
  /connection may have been rejected by server|premature socket termination|socket has been disconnected by third party/i.test(
    cause.message,
  );
