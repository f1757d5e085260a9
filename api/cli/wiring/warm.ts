import type { EventSpec, Telemetry } from '#platform';
import type { Service } from '../../../pipeline/service.ts';

const NOT_LOADED: EventSpec = {
  level: 'error',
  message: 'the rules could not be loaded; metering goes on without them',
};

/** Reads the rules' catalogue before somebody asks; each later question tells the failure again. */
export const warmRules = (service: Pick<Service, 'rules'>, telemetry: Telemetry): Promise<void> =>
  service.rules
    .warm()
    .catch((error: unknown) => telemetry.emit('rulesNotLoaded', NOT_LOADED, { error: String(error) }));
