import { basename } from 'node:path';
import { say } from '#domain';
import type { DeviceModel } from '../contract.ts';
import { readDocument } from '../site/document.ts';
import { type Form, schemaTextOf, shapeBy, valueAt } from '../site/form.ts';
import type { Problem } from '../site/problem.ts';
import { checkRules } from './rules.ts';
import { deviceModelSchema, MAX_WORDS } from './schema.ts';

export const MODEL_SUFFIX = '.yaml';

/** The form of one file; what stands in for wrong parts, so that the rest is checked on, is none of the other protocol's. */
const formFor = (value: unknown, id: string): Form<DeviceModel> => ({
  title: 'CivicMeter device model',
  schema: deviceModelSchema,
  placeholder: {
    id,
    vendor: id,
    model: id,
    source: { document: 'none yet', confidence: 'C' },
    ...(valueAt(value, ['protocol']) === 'opcua' ? {} : { protocol: 'modbus', maxWords: MAX_WORDS }),
  },
  discriminators: { protocol: ['modbus', 'opcua'] },
});

/** What docs/schema/device.schema.json holds. */
export const modelSchemaText = (): string => schemaTextOf(formFor(undefined, 'model'));

export type ModelCheck = { readonly model: DeviceModel } | { readonly problems: readonly Problem[] };

/**
 * Reads a model file: what it says, or every mistake in it in the order of the text. `file` is its path, whose base name
 * must be the model's id; `takenBy` names the file that has an id already. Pure; never throws for the text.
 */
export function checkModel(
  text: string,
  file: string,
  takenBy: (id: string) => string | undefined = () => undefined,
): ModelCheck {
  const document = readDocument(text, file);
  const { report } = document;
  if (!document.readable) return { problems: document.problems };
  const name = basename(file, MODEL_SUFFIX);
  const shaped = shapeBy(formFor(document.value, name), document.value, report);
  if (!shaped) return { problems: sorted(document.problems) };
  const { file: model, original } = shaped;
  if (name !== model.id) {
    report(
      ['id'],
      'ID_NAME',
      say(`id 是 "${model.id}"，文件名是 "${name}"`, `Its id is "${model.id}", the name of the file "${name}"`),
      say(`请把文件命名为 ${model.id}${MODEL_SUFFIX}`, `Name the file ${model.id}${MODEL_SUFFIX}`),
    );
  }
  const other = takenBy(model.id);
  if (other !== undefined) {
    report(
      ['id'],
      'ID_TAKEN',
      say(`型号 "${model.id}" 已在 ${other}`, `The model "${model.id}" stands in ${other} already`),
      say('请换一个 id 和文件名', 'Give it another id and file name'),
    );
  }
  checkRules(model, (path, ...rest) => report(original(path), ...rest));
  return document.problems.length > 0 ? { problems: sorted(document.problems) } : { model };
}

const sorted = (problems: readonly Problem[]): readonly Problem[] =>
  problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
