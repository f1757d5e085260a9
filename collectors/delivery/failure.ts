import { z } from 'zod';
import { configError, type MeteringError, storeError } from '#domain';

/** Codes of node:tls and OpenSSL for a certificate that does not serve. */
const CERTIFICATE = /CERT|SELF_SIGNED|VERIFY|ALTNAME|ISSUER/;

/** No answer came: the line, the centre, or its certificate. */
export function centreSilent(url: string, cause: unknown): MeteringError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const why = cause instanceof Error ? cause.message : String(cause);
  if (CERTIFICATE.test(code)) {
    return configError('CENTRE_CERTIFICATE_REFUSED', `the certificate of the centre does not serve: ${why}`, {
      place: url,
      cure: 'name its authority with --ca, use the host name that stands in it, renew it where it has expired, and look at the clock of this machine',
      cause,
    });
  }
  return storeError('CENTRE_SILENT', `the centre does not answer: ${why}`, {
    place: url,
    cure: 'look at the line and at the centre; frames stay in the spool and are offered again',
    cause,
  });
}

const problemSchema = z.object({
  code: z.string().optional(),
  detail: z.string().optional(),
  cure: z.string().optional(),
});

/** What answered, and did not take what was sent: the centre, whose problems have a code, or something in its place. */
export function refusal(
  url: string,
  {
    status,
    text,
    location,
  }: { readonly status: number; readonly text: string; readonly location?: string | undefined },
): MeteringError {
  const problem = problemIn(text);
  if (problem.code === undefined) {
    const where = location === undefined ? '' : ` to ${location}`;
    return storeError('CENTRE_REFUSED', `something answers in place of the centre: HTTP ${status}${where}`, {
      place: url,
      cure: 'look at the address, and at the proxy or sign-in page on the way; frames stay in the spool and are offered again',
    });
  }
  const detail = problem.detail ?? `HTTP ${status}`;
  if (status === 401) {
    return configError('CENTRE_KEY_REFUSED', `the centre refuses the key: ${detail}`, {
      place: url,
      cure: 'make a key at the centre with civicmeter keys create, and put it in the file of --key-file',
    });
  }
  return storeError('CENTRE_REFUSED', `the centre did not take what was sent: ${problem.code} ${detail}`, {
    place: url,
    cure: problem.cure ?? 'look at the log of the centre; frames stay in the spool and are offered again',
  });
}

export const invalidAnswer = (url: string): MeteringError =>
  storeError('CENTRE_REFUSED', 'what answers there is no intake of this release', {
    place: url,
    cure: 'look at the address, and let gateway and centre run the same release',
  });

function problemIn(text: string): z.infer<typeof problemSchema> {
  try {
    return problemSchema.parse(JSON.parse(text));
  } catch {
    return {};
  }
}
