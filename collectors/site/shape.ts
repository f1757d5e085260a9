import { type Form, type Shaped, schemaTextOf, shapeBy } from './form.ts';
import type { Report } from './problem.ts';
import { type SiteFile, siteFileSchema } from './schema.ts';

export { valueAt } from './form.ts';

const SITE_FORM: Form<SiteFile> = {
  title: 'CivicMeter site file',
  schema: siteFileSchema,
  placeholder: { site: { id: 'site', name: 'site' } },
  discriminators: {
    kind: ['modbus-tcp', 'modbus-rtu-tcp', 'modbus-rtu', 'opcua'],
    basis: ['fixed', 'area', 'headcount', 'sub-meter'],
  },
};

/** The site file's shape: every mistake reported, what is left to go on with (form.ts). */
export const shapeOf = (value: unknown, report: Report): Shaped<SiteFile> | undefined =>
  shapeBy(SITE_FORM, value, report);

/** What docs/schema/site.schema.json holds. */
export const schemaText = (): string => schemaTextOf(SITE_FORM);
