import type { Books } from '../../../pipeline/books/index.ts';
import { DAY, HOUR, type Interval } from '../../../pipeline/domain/index.ts';
import type { Service } from '../../../pipeline/service.ts';
import { deviceId, type Fleet, REGISTERS, registerName } from '../core/fleet.ts';
import { BEGIN, between, OF_24, PER_SITE, siteOf, ZONE_MS } from './year.ts';

/** Local days 1 to 364 of the year hold 24 hours. */
const MONTH: Interval = { from: BEGIN - ZONE_MS + 151 * DAY, to: BEGIN - ZONE_MS + 181 * DAY };
const YEAR: Interval = { from: BEGIN - ZONE_MS + DAY, to: BEGIN - ZONE_MS + 365 * DAY };

export interface Asking {
  readonly hourly: (n: number) => Promise<unknown>;
  /** The same of the first register of a site. */
  readonly first: (site: number) => Promise<unknown>;
  readonly yearly: (n: number) => Promise<unknown>;
  /** A register's month of packed rows by the least question that gives them. */
  readonly least: (n: number) => Promise<unknown>;
}

export function asking(service: Service, { pool }: Books, { devices }: Fleet): Asking {
  const firstDay = Math.floor(MONTH.from / DAY);
  const month = (device: number, register: number): Promise<unknown> => {
    const subject = { kind: 'register' as const, device: deviceId(device), register: registerName(register) };
    return service.usage({ site: siteOf(device), subject, interval: MONTH, by: 'hour' });
  };
  return {
    hourly: (n) => month((n * 7_919) % devices, n % REGISTERS),
    first: (site) => month(site * PER_SITE, 0),
    yearly: () =>
      service.usage({ site: siteOf(0), subject: { kind: 'institution', id: 'i0' }, interval: YEAR, by: 'day' }),
    least: (n) =>
      pool.query('select day, payload from bracket where device_key = $1 and part = 0 and day >= $2 and day <= $3', [
        1 + ((n * 7_919) % devices),
        firstDay,
        firstDay + 30,
      ]),
  };
}

/** Rows whose amounts are not what the meters show: of the year, and of the months of so many registers, each of another site where there are more. */
export async function wrongAnswers(service: Service, fleet: Fleet, months = 1): Promise<number> {
  let wrong = await wrongDays(service, fleet);
  for (let n = 0; n < months; n++)
    wrong += await wrongHours(service, fleet, (3 + n * 7_919) % fleet.devices, (4 + n) % REGISTERS);
  return wrong;
}

async function wrongHours(service: Service, fleet: Fleet, device: number, register: number): Promise<number> {
  const { rows } = await service.usage({
    site: siteOf(device),
    subject: { kind: 'register', device: deviceId(device), register: registerName(register) },
    interval: MONTH,
    by: 'hour',
  });
  const wrong = rows.filter((row, i) => {
    // every device has the values of the first
    const hour = { from: MONTH.from + i * HOUR, to: MONTH.from + (i + 1) * HOUR };
    return row.amount !== between(fleet, 0, register, hour);
  });
  return wrong.length + (rows.length === 720 ? 0 : 1);
}

async function wrongDays(service: Service, fleet: Fleet): Promise<number> {
  const { rows } = await service.usage({
    site: siteOf(0),
    subject: { kind: 'institution', id: 'i0' },
    interval: YEAR,
    by: 'day',
  });
  const wrong = rows.filter((row, i) => {
    const day = { from: YEAR.from + i * DAY, to: YEAR.from + (i + 1) * DAY };
    return row.amount !== OF_24.reduce((sum, { register }) => sum + between(fleet, 0, register, day), 0);
  });
  return wrong.length + (rows.length === 364 ? 0 : 1);
}
