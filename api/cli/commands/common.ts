import { z } from 'zod';
import {
  type Interval,
  kept,
  type LocalText,
  oneOf,
  parseTime,
  type Registry,
  requestError,
  type Zone,
  zoneOf,
} from '#domain';
import type { Service } from '../../../pipeline/service.ts';
import type { OptionSpec } from '../command.ts';
import type { Cli } from '../context.ts';

/** Commands without arguments. */
export const noArgs = z.tuple([]).or(z.array(z.never()));
export const flag = z.literal(true).optional();

export const SITE_OPTION: OptionSpec = {
  flags: '--site <id>',
  text: { zh: '站点标识；只有一个站点时可省略', en: 'id of the site; may be left out where there is one' },
};

export const CLAIM_OPTIONS: readonly OptionSpec[] = [
  { flags: '--by <name>', text: { zh: '操作人（自报，未经验证）', en: 'who does it (claimed, not proven)' } },
  { flags: '--reason <text>', text: { zh: '原因', en: 'why' } },
];

/** As the API takes them (api/http/shapes.ts): blanks are nobody's name. */
export const claimInput = {
  by: kept(z.string().trim().min(1).max(100)),
  reason: kept(z.string().trim().min(1).max(1_000)),
};

/** The named site, or the only one. Throws SITE_NEEDED, SITE_UNKNOWN. */
export async function siteOf(service: Service, wanted: string | undefined): Promise<Registry> {
  const known = await service.sites();
  const site = wanted ?? (known.length === 1 ? known[0] : undefined);
  if (site === undefined) {
    throw requestError(
      'SITE_NEEDED',
      known.length === 0 ? 'the books hold no site' : `there are ${known.length} sites`,
      {
        place: '--site',
        ...(known.length === 0
          ? { cure: 'apply a site file or run civicmeter start' }
          : oneOf(known, 'add --site, one of')),
      },
    );
  }
  if (!known.includes(site)) {
    throw requestError('SITE_UNKNOWN', `there is no site "${site}"`, {
      place: '--site',
      ...(known.length === 0 ? { cure: 'apply a site file first' } : oneOf(known)),
    });
  }
  return service.registry(site);
}

export const zoneOfSite = (registry: Registry): Zone => zoneOf(registry.site.zone);

/** [start of `from`, end of what `to` names); without `to`, what `from` names; without both, the running month. */
export function intervalOf(from: string | undefined, to: string | undefined, zone: Zone, now: number): Interval {
  const start = parseTime(from ?? new Date(now + zone.offsetAt(now)).toISOString().slice(0, 7), zone);
  const end = to === undefined ? (start.to > start.from ? start.to : now) : parseTime(to, zone).to;
  if (end <= start.from) {
    throw requestError('PERIOD_EMPTY', `"${to ?? 'now'}" is not after "${from ?? 'this month'}"`, {
      place: '--from, --to',
      cure: 'let --to name a later time',
    });
  }
  return { from: start.from, to: end };
}

/** One instant. Throws TIME_INVALID. */
export const instantOf = (text: string, zone: Zone): number => parseTime(text, zone).from;

export const nameOf = (cli: Cli, name: LocalText): string => name[cli.language];

export const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
