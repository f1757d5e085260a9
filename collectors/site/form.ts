import { z } from 'zod';
import { type LocalText, say } from '#domain';
import { suggest } from './nearest.ts';
import type { Path, Report } from './problem.ts';

type Issue = z.core.$ZodIssue;

/** A kind of file: its schema, and what stands in for top sections of wrong shape so that the rest can be checked. */
export interface Form<T> {
  readonly title: string;
  readonly schema: z.ZodType<T>;
  readonly placeholder: object;
  /** Values of the keys by which unions are told apart. */
  readonly discriminators: Readonly<Record<string, readonly string[]>>;
}

/** A parsed file, without the parts whose shape is wrong, and the way back from its paths to those of the text. */
export interface Shaped<T> {
  readonly file: T;
  readonly original: (path: Path) => Path;
  /** False where parts were left out: what is missing must then not be called a mistake a second time. */
  readonly whole: boolean;
}

/**
 * Reports every mistake of shape and goes on with what is left: a wrong optional part is left out, else the list entry
 * around it, so that mistakes of meaning elsewhere are found in the same run.
 */
export function shapeBy<T>(form: Form<T>, value: unknown, report: Report): Shaped<T> | undefined {
  const removed = new Set<string>();
  const original = (path: Path): Path => restore(path, value, removed);
  let parsed = form.schema.safeParse(value);
  if (!parsed.success) for (const issue of parsed.error.issues) reportIssue(form, issue, value, report);
  for (let round = 0; !parsed.success && round < 50; round++) {
    const earlier = new Set(removed);
    for (const path of parsed.error.issues.flatMap(victims))
      leaveOut(restore(path, value, earlier), value, earlier, removed);
    parsed = form.schema.safeParse({ ...form.placeholder, ...asObject(pruned(value, [], removed)) });
  }
  return parsed.success ? { file: parsed.data, original, whole: removed.size === 0 } : undefined;
}

const asObject = (value: unknown): object => (typeof value === 'object' && value !== null ? value : {});

const victims = (issue: Issue): readonly Path[] => {
  const path = deepest(issue).path.map((part) => (typeof part === 'number' ? part : String(part)));
  return issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...path, key]) : [path];
};

const keyOf = (path: Path): string => JSON.stringify(path);

/** Leaves the path out; if it is not there or was left out in an earlier round, what is around it. */
function leaveOut(path: Path, value: unknown, earlier: ReadonlySet<string>, removed: Set<string>): void {
  let victim = path;
  while (victim.length > 0 && (valueAt(value, victim) === undefined || earlier.has(keyOf(victim)))) {
    victim = victim.slice(0, -1);
  }
  const gone = victim.some((_, i) => removed.has(keyOf(victim.slice(0, i + 1))));
  if (victim.length > 0 && !gone) removed.add(keyOf(victim));
}

function pruned(value: unknown, path: Path, removed: ReadonlySet<string>): unknown {
  if (Array.isArray(value)) {
    return value.flatMap((item, i) => (removed.has(keyOf([...path, i])) ? [] : [pruned(item, [...path, i], removed)]));
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => !removed.has(keyOf([...path, key])));
  return Object.fromEntries(entries.map(([key, part]) => [key, pruned(part, [...path, key], removed)]));
}

function restore(path: Path, value: unknown, removed: ReadonlySet<string>): Path {
  const whole: (string | number)[] = [];
  for (const part of path) {
    let index = part;
    if (typeof part === 'number' && Array.isArray(valueAt(value, whole))) {
      let kept = -1;
      index = -1;
      while (kept < part && index < 1_000_000) if (!removed.has(keyOf([...whole, ++index]))) kept++;
    }
    whole.push(index);
  }
  return whole;
}

export const valueAt = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (at, part) => (typeof at === 'object' && at !== null ? Reflect.get(at, part) : undefined),
    value,
  );

/** Of a union, the branch that came furthest. */
function deepest(issue: Issue): Issue {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return issue;
  const all = issue.errors.flat().map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
  const best = [...all].sort((a, b) => b.path.length - a.path.length || rankOf(b) - rankOf(a))[0];
  const better = best && (best.path.length > issue.path.length || best.code === 'unrecognized_keys');
  return better ? deepest(best) : issue;
}

const rankOf = (issue: Issue): number => (issue.code === 'unrecognized_keys' ? 1 : 0);

function reportIssue(form: Form<unknown>, outer: Issue, value: unknown, report: Report): void {
  const issue = deepest(outer);
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(form, path, valueAt(value, path));
    for (const key of issue.keys) {
      const split = valueAt(value, [...path, key]) === null;
      const instead = split
        ? say('若是文字被逗号分开，请给整段加引号', 'If a comma split a text, put quotes around all of it')
        : suggest(key, known);
      report(
        [...path, key],
        'KEY_UNKNOWN',
        say(`没有 "${key}" 这个键`, `There is no key "${key}" here`),
        instead,
        true,
      );
    }
    return;
  }
  const found = valueAt(value, path);
  const name = String(path.at(-1) ?? '');
  if (found === undefined || found === null) {
    report(
      path,
      'KEY_MISSING',
      say(`缺少 ${name || '内容'}`, `${name || 'The content'} is missing`),
      hintAt(form, path),
      true,
    );
    return;
  }
  report(path, 'VALUE_INVALID', ...invalid(form, issue, path, found));
}

function invalid(form: Form<unknown>, issue: Issue, path: Path, found: unknown): readonly [LocalText, LocalText] {
  const shown = typeof found === 'object' ? (Array.isArray(found) ? '[…]' : '{…}') : JSON.stringify(found);
  const name = path.at(-1);
  const wrong = say(
    `${shown} 不能作为${name === undefined ? '内容' : ` ${name}`}`,
    `${shown} will not do as ${name ?? 'the content'}`,
  );
  const values = issue.code === 'invalid_value' ? issue.values.map(String) : choicesOf(form, issue);
  if (values.length > 0) return [wrong, suggest(String(found), values)];
  if (typeof found === 'number' && issue.code === 'invalid_type' && issue.expected === 'string') {
    return [wrong, say(`请加引号："${found}"`, `Put it in quotes: "${found}"`)];
  }
  return [wrong, hintAt(form, path)];
}

const choicesOf = (form: Form<unknown>, issue: Issue): readonly string[] =>
  issue.code === 'invalid_union' && 'discriminator' in issue && typeof issue.discriminator === 'string'
    ? (form.discriminators[issue.discriminator] ?? [])
    : [];

// ---------------------------------------------------------------------------------------------------------------------
// What the schema says about a path, from its JSON Schema.

/** The JSON Schema of the form, for editors. */
export const schemaTextOf = (form: Form<unknown>): string =>
  `${JSON.stringify({ title: form.title, ...jsonSchemaOf(form) }, null, 2)}\n`;

const jsonSchemaOf = (form: Form<unknown>): Schema =>
  z.toJSONSchema(form.schema, { io: 'input', target: 'draft-2020-12' });

type Schema = z.core.JSONSchema.BaseSchema;
const cached = new WeakMap<object, Schema>();

function cachedSchema(form: Form<unknown>): Schema {
  const schema = cached.get(form) ?? jsonSchemaOf(form);
  cached.set(form, schema);
  return schema;
}

function schemasAt(form: Form<unknown>, path: Path): readonly Schema[] {
  let at: readonly Schema[] = branches([cachedSchema(form)]);
  for (const part of path) at = branches(at.flatMap((schema) => step(schema, part)));
  return at;
}

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const branches = (schemas: readonly Schema[]): readonly Schema[] =>
  schemas.flatMap((schema) => [
    schema,
    ...branches([...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].filter(isSchema)),
  ]);

const step = (schema: Schema, part: string | number): readonly Schema[] =>
  [typeof part === 'number' ? schema.items : (schema.properties?.[part] ?? schema.additionalProperties)].filter(
    isSchema,
  );

/** Keys that may stand at a path; of alternatives those that agree with what is written there. */
function keysAt(form: Form<unknown>, path: Path, found: unknown): readonly string[] {
  const fitting = schemasAt(form, path).filter((schema) =>
    Object.entries(schema.properties ?? {}).every(([key, property]) => {
      const given = valueAt(found, [key]);
      if (!isSchema(property) || given === undefined) return true;
      const allowed = property.const === undefined ? (key === 'basis' ? property.enum : undefined) : [property.const];
      return allowed === undefined || allowed.some((value) => value === given);
    }),
  );
  return [...new Set(fitting.flatMap((schema) => Object.keys(schema.properties ?? {})))];
}

function hintAt(form: Form<unknown>, path: Path): LocalText {
  const description = schemasAt(form, path).find((schema) => schema.description)?.description;
  if (description === undefined) return say('请补上', 'Write it here');
  const [zh = description, en = zh] = description.split(' | ');
  return say(zh, en);
}
