import { readFileSync } from 'node:fs';
import { configError } from '#domain';
import type { Clock, Closer, Telemetry } from '#platform';
import { createIntakeServer } from '../../http/index.ts';
import type { Books } from '../../../pipeline/books/index.ts';
import { openIntake } from '../../../pipeline/index.ts';
import type { FrameLog } from '../../../pipeline/log/port.ts';

/** Where gateways are listened for. */
export interface IntakePlace {
  readonly host: string;
  readonly port: number;
  /** PEM files. */
  readonly certificateFile: string;
  readonly privateKeyFile: string;
}

interface Parts {
  readonly books: Books;
  readonly log: FrameLog;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly closer: Closer;
}

/** Listens for gateways until closed, and answers the address. Throws INTAKE_FILE_UNREADABLE, INTAKE_CERTIFICATE_INVALID, INTAKE_PORT_REFUSED. */
export async function startIntake(
  place: IntakePlace,
  { books, log, clock, telemetry, closer }: Parts,
): Promise<string> {
  const certificate = readPem(place.certificateFile, '--tls-cert');
  const privateKey = readPem(place.privateKeyFile, '--tls-key');
  const intake = await openIntake({ books, log, clock, telemetry });
  closer.add('intake', intake.close);
  const { host, port } = place;
  const server = await createIntakeServer({ intake, clock, telemetry, host, port, certificate, privateKey });
  closer.add('listener of the intake', server.close);
  return server.address;
}

function readPem(file: string, option: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw configError('INTAKE_FILE_UNREADABLE', `the file cannot be read: ${file}`, {
      place: option,
      cure: 'name a PEM file that this user may read',
      cause,
    });
  }
}
