import { loadModels, resolveRegister } from '../../../collectors/devices/index.ts';
import type { DeviceModel } from '../../../collectors/contract.ts';
import type { Models } from '../../../collectors/site/index.ts';

/** All device models, as the site loader wants them. */
export function siteModels(): Models & { readonly models: ReadonlyMap<string, DeviceModel> } {
  return { models: loadModels(), resolveRegister };
}
