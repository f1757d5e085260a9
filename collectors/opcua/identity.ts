import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { configError } from '#domain';
import type { OpcUaConnection } from '../contract.ts';

/** Who logs in, with the secrets at hand. */
export type Identity =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'password'; readonly name: string; readonly password: string }
  /** Certificate in DER, key in PEM. */
  | { readonly kind: 'certificate'; readonly certificate: Buffer; readonly key: string };

/**
 * Fetches the secrets of the connection's user from the environment and from files, at each connect, so that a changed one
 * is taken without a restart. Throws OPCUA_PASSWORD_MISSING, OPCUA_USER_CERTIFICATE_UNREADABLE.
 */
export async function identityOf(
  { id, user }: Pick<OpcUaConnection, 'id' | 'user'>,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Identity> {
  if (!user) return { kind: 'anonymous' };
  if (user.kind === 'certificate') return userCertificate(id, user.certificate, user.key);
  const { from, name } = user.password;
  const password =
    from === 'environment' ? env[name] : await readFile(name, 'utf8').then(withoutLastBreak, () => undefined);
  if (password) return { kind: 'password', name: user.name, password };
  throw configError(
    'OPCUA_PASSWORD_MISSING',
    from === 'environment'
      ? `the environment variable ${name} with the password of ${user.name} is not set`
      : `the file ${name} with the password of ${user.name} cannot be read, or is empty`,
    {
      place: id,
      cure:
        from === 'environment'
          ? `set ${name} for the service (EnvironmentFile= of its systemd unit)`
          : 'write the password into it, and let only the user of the service read it',
    },
  );
}

const withoutLastBreak = (text: string): string => text.replace(/\r?\n$/, '');

async function userCertificate(id: string, certificate: string, key: string): Promise<Identity> {
  try {
    const [certificateText, keyText] = await Promise.all([readFile(certificate), readFile(key)]);
    const parsed = new X509Certificate(certificateText);
    const privateKey = createPrivateKey(keyText);
    if (!parsed.checkPrivateKey(privateKey)) throw new Error('the key does not belong to the certificate');
    return {
      kind: 'certificate',
      certificate: parsed.raw,
      key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    };
  } catch (cause) {
    const what = cause instanceof Error ? cause.message : String(cause);
    throw configError('OPCUA_USER_CERTIFICATE_UNREADABLE', `${certificate}, ${key}: ${what}`, {
      place: id,
      cure: 'name a certificate and its private key without a pass phrase, both PEM, that the service may read',
      cause,
    });
  }
}
