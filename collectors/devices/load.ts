import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse } from 'yaml';
import { configError, isMeteringError, MAX_FRAME_ENTRIES, type MeteringError } from '#domain';
import type { DeviceModel } from '../contract.ts';
import { resolveRegister } from './resolve.ts';
import { deviceModelSchema, WORDS_OF } from './schema.ts';

const SUFFIX = '.yaml';

/**
 * All device models: every `*.yaml` of this folder (or of `dir`), then of `extraDirs` (an operator's own models). Nothing is
 * registered anywhere: a file in the folder is a model. Throws MODEL_INVALID, naming the file, for the first file that is
 * no model, whose name is not its id, or whose id another file has.
 */
export function loadModels(
  dir: string = import.meta.dirname,
  extraDirs: readonly string[] = [],
): ReadonlyMap<string, DeviceModel> {
  const models = new Map<string, DeviceModel>();
  const places = new Map<string, string>();
  for (const place of [dir, ...extraDirs].flatMap(modelFiles)) {
    const model = parseModel(readFileSync(place, 'utf8'), place);
    const other = places.get(model.id);
    if (other !== undefined) {
      throw invalid(place, `"${model.id}" is already the id of ${other}`, 'give the model another id and file name');
    }
    models.set(model.id, model);
    places.set(model.id, place);
  }
  return models;
}

function modelFiles(dir: string): readonly string[] {
  try {
    return readdirSync(dir)
      .filter((name) => name.endsWith(SUFFIX))
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

/** The text of one model file. `place` is its path: its base name must be the model's id. */
export function parseModel(text: string, place: string): DeviceModel {
  let data: unknown;
  try {
    data = parse(text);
  } catch (cause) {
    throw invalid(place, cause instanceof Error ? cause.message : String(cause), 'correct the YAML', cause);
  }
  const parsed = deviceModelSchema.safeParse(data);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw invalid(
      place,
      `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not a device model'}`,
      'correct the file',
    );
  }
  const model = parsed.data;
  const name = basename(place, SUFFIX);
  if (name !== model.id) throw invalid(place, `its id is "${model.id}"`, `name the file ${model.id}${SUFFIX}`);
  const mistake = mistakesOf(model)[0];
  if (mistake !== undefined) throw invalid(place, mistake, 'correct the register against its document');
  return model;
}

/** What the shape alone cannot say. */
function mistakesOf(model: DeviceModel): readonly string[] {
  const names = model.registers.map((r) => r.name);
  const mistakes = names
    .filter((name, i) => names.indexOf(name) !== i)
    .map((name) => `two registers have the name "${name}"`);
  if (names.length > MAX_FRAME_ENTRIES) mistakes.push(`a frame holds at most ${MAX_FRAME_ENTRIES} registers`);
  for (const register of model.registers) {
    try {
      resolveRegister(register);
    } catch (error) {
      if (!isMeteringError(error)) throw error;
      mistakes.push(`${error.message} (${error.cure})`);
    }
  }
  if (model.protocol === 'opcua') return mistakes;
  for (const { name, fc, address, type } of model.registers) {
    if (WORDS_OF[type] > model.maxWords) mistakes.push(`register ${name} is longer than maxWords`);
    const refused = model.refuses?.some(
      (r) => r.fc === fc && address <= r.to && address + WORDS_OF[type] - 1 >= r.from,
    );
    if (refused) mistakes.push(`register ${name} lies in a range that the device refuses`);
  }
  return mistakes;
}

const invalid = (place: string, message: string, cure: string, cause?: unknown): MeteringError =>
  configError('MODEL_INVALID', `${place} is no device model: ${message}`, {
    place,
    cure,
    ...(cause === undefined ? {} : { cause }),
  });
