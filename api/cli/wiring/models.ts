import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { loadModels, resolveRegister } from '../../../collectors/devices/index.ts';
import type { DeviceModel } from '../../../collectors/contract.ts';
import type { Models } from '../../../collectors/site/index.ts';

/** Where a site keeps device models of its own. */
export interface ModelPlaces {
  /** The data folder. */
  readonly data?: string | undefined;
  /** The site file. */
  readonly site?: string | undefined;
}

/**
 * All device models, as the site loader wants them: those of the program, then those of the folder `devices` beside the site
 * file and in the data folder. Throws MODEL_INVALID.
 */
export function siteModels(places: ModelPlaces = {}): Models & { readonly models: ReadonlyMap<string, DeviceModel> } {
  return { models: loadModels(undefined, ownFolders(places)), resolveRegister };
}

/** The folders of a site's own models that there are. */
export function ownFolders({ data, site }: ModelPlaces): readonly string[] {
  const folders = [...(site === undefined ? [] : [dirname(site)]), ...(data === undefined ? [] : [data])];
  return [...new Set(folders.map((folder) => resolve(folder, 'devices')))].filter((folder) => existsSync(folder));
}
