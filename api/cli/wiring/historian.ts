import { configError } from '#domain';
import type { Books } from '../../../pipeline/books/index.ts';
import { influxHistorian } from '../../../pipeline/historian/influx.ts';
import type { Historian } from '../../../pipeline/historian/port.ts';
import { type Positions, positionsIn } from '../../../pipeline/historian/positions.ts';
import type { Cli } from '../context.ts';

export interface OpenHistorian {
  readonly historian: Historian;
  readonly positions: Positions;
}

const KEYS = ['CIVICMETER_INFLUX_TOKEN', 'CIVICMETER_INFLUX_ORG', 'CIVICMETER_INFLUX_BUCKET'] as const;

/**
 * The InfluxDB that CIVICMETER_INFLUX (its address), …_TOKEN, …_ORG and …_BUCKET name; undefined where none is named.
 * Throws HISTORIAN_NOT_NAMED, HISTORIAN_INCOMPLETE.
 */
export function historianOf(cli: Cli, books: Books, needs: { readonly required: true }): OpenHistorian;
export function historianOf(cli: Cli, books: Books): OpenHistorian | undefined;
export function historianOf(
  { io: { env } }: Cli,
  books: Books,
  { required }: { readonly required: boolean } = { required: false },
): OpenHistorian | undefined {
  const url = env['CIVICMETER_INFLUX'];
  if (url === undefined) {
    if (!required) return undefined;
    throw configError('HISTORIAN_NOT_NAMED', 'no historian is named', {
      place: 'CIVICMETER_INFLUX',
      cure: 'set CIVICMETER_INFLUX to the address of an InfluxDB 2, such as http://influx:8086',
    });
  }
  const missing = KEYS.filter((key) => env[key] === undefined);
  if (missing.length > 0 || !URL.canParse(url)) {
    throw configError('HISTORIAN_INCOMPLETE', 'the historian is not fully named', {
      place: missing.length > 0 ? missing.join(', ') : 'CIVICMETER_INFLUX',
      cure: `set CIVICMETER_INFLUX to an address such as http://influx:8086, and ${KEYS.join(', ')}`,
    });
  }
  const [token = '', org = '', bucket = ''] = KEYS.map((key) => env[key]);
  const historian = influxHistorian({ url, token, org, bucket });
  return { historian, positions: positionsIn(books.db, historian.identity) };
}
