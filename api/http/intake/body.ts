import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { MAX_INTAKE_LINES, MAX_INTAKE_PLAIN_BYTES, requestError } from '#domain';

const unzip = promisify(gunzip);

/** The body as it was before compression. Throws BODY_TOO_LARGE, REQUEST_INVALID. */
export async function plainBody(body: Buffer, encoding: string | undefined): Promise<Buffer> {
  if (encoding === undefined || encoding === 'identity') return body;
  if (encoding !== 'gzip') {
    throw requestError('CONTENT_TYPE_REFUSED', `a body in ${encoding.slice(0, 40)} is not taken`, {
      place: 'header Content-Encoding',
      cure: 'send it plain or by gzip',
    });
  }
  try {
    return await unzip(body, { maxOutputLength: MAX_INTAKE_PLAIN_BYTES });
  } catch (cause) {
    const tooLarge = cause instanceof Error && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE';
    if (tooLarge)
      throw requestError('BODY_TOO_LARGE', 'the body is too large when unpacked', { cure: 'send it in parts' });
    throw requestError('REQUEST_INVALID', 'the body is no gzip', { place: 'body', cure: 'send it again', cause });
  }
}

/** Lines by line feed; a last one without any is a line as well. Throws BODY_TOO_LARGE. */
export function linesOf(body: Buffer): readonly Uint8Array[] {
  const lines: Uint8Array[] = [];
  for (let at = 0; at < body.length;) {
    if (lines.length === MAX_INTAKE_LINES) {
      throw requestError('BODY_TOO_LARGE', `more than ${MAX_INTAKE_LINES} lines`, { cure: 'send them in parts' });
    }
    const found = body.indexOf(10, at);
    const end = found < 0 ? body.length : found;
    lines.push(body.subarray(at, end));
    at = end + 1;
  }
  return lines;
}
