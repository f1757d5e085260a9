import { z } from 'zod';
import { requestError } from '#domain';
import type { OptionSpec } from '../command.ts';
import type { IntakePlace } from '../wiring/intake.ts';

export const INTAKE_OPTIONS: readonly OptionSpec[] = [
  {
    flags: '--intake <host:port>',
    text: {
      zh: '接收网关数据的 HTTPS 地址，如 0.0.0.0:8443；默认不接收',
      en: 'address of the HTTPS intake of gateways, such as 0.0.0.0:8443; off by default',
    },
  },
  {
    flags: '--tls-cert <file>',
    text: { zh: '接收端证书链（PEM）', en: 'certificate chain of the intake (PEM)' },
  },
  { flags: '--tls-key <file>', text: { zh: '接收端私钥（PEM）', en: 'private key of the intake (PEM)' } },
];

export const intakeInput = {
  intake: z.string().optional(),
  tlsCert: z.string().optional(),
  tlsKey: z.string().optional(),
};

/** Throws INTAKE_ADDRESS_INVALID, INTAKE_TLS_NEEDED. */
export function intakePlaceOf({
  intake,
  tlsCert,
  tlsKey,
}: {
  readonly intake?: string | undefined;
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
}): IntakePlace | undefined {
  if (intake === undefined) return undefined;
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(intake) ?? [];
  const [host, port] = [bracketed ?? plain, Number(digits)];
  if (host === undefined || !(port <= 65_535)) {
    throw requestError('INTAKE_ADDRESS_INVALID', `"${intake}" is no host and port`, {
      place: '--intake',
      cure: 'write an address of this machine and a port, such as 0.0.0.0:8443 or [::]:8443',
    });
  }
  if (tlsCert === undefined || tlsKey === undefined) {
    throw requestError('INTAKE_TLS_NEEDED', 'the intake speaks TLS only, and has no certificate or no key', {
      place: '--tls-cert, --tls-key',
      cure: 'name both files; docs/operations.md says how to make them',
    });
  }
  return { host, port, certificateFile: tlsCert, privateKeyFile: tlsKey };
}
