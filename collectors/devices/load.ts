import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { configError } from '#domain';
import type { DeviceModel } from '../contract.ts';
import { listOf } from '../site/problem.ts';
import { checkModel, MODEL_SUFFIX } from './check.ts';

/**
 * All device models: every `*.yaml` of this folder (or of `dir`), then of `extraDirs` (an operator's own models). Nothing is
 * registered anywhere: a file in the folder is a model. Throws MODEL_INVALID with every mistake of the first file that is no
 * model, an id that another file has among them.
 */
export function loadModels(
  dir: string = import.meta.dirname,
  extraDirs: readonly string[] = [],
): ReadonlyMap<string, DeviceModel> {
  const models = new Map<string, DeviceModel>();
  const places = new Map<string, string>();
  for (const place of [dir, ...extraDirs].flatMap(modelFiles)) {
    const model = parseModel(readFileSync(place, 'utf8'), place, (id) => places.get(id));
    models.set(model.id, model);
    places.set(model.id, place);
  }
  return models;
}

/** The model files of a folder, by name. Throws MODEL_FOLDER_UNREADABLE. */
function modelFiles(dir: string): readonly string[] {
  try {
    return readdirSync(dir)
      .filter((name) => name.endsWith(MODEL_SUFFIX))
      .sort()
      .map((name) => join(dir, name));
  } catch (cause) {
    throw configError('MODEL_FOLDER_UNREADABLE', `the folder of device models cannot be read: ${dir}`, {
      place: dir,
      cure: 'check that the folder exists and may be read',
      cause,
    });
  }
}

/** The ids of the program's own models and their files: the base name of each is its id. */
export const libraryFiles = (): ReadonlyMap<string, string> =>
  new Map(modelFiles(import.meta.dirname).map((file) => [basename(file, MODEL_SUFFIX), file]));

/** The text of one model file. `place` is its path: its base name must be the model's id. Throws MODEL_INVALID. */
export function parseModel(text: string, place: string, takenBy?: (id: string) => string | undefined): DeviceModel {
  const checked = checkModel(text, place, takenBy);
  if ('model' in checked) return checked.model;
  throw configError('MODEL_INVALID', `the device model has ${listOf(checked.problems)}`, {
    place,
    cure: `correct them; civicmeter devices check ${place} shows them again`,
    context: { problems: checked.problems.length },
  });
}
