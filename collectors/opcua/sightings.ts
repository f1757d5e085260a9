import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const sightingSchema = z.strictObject({ server: z.string(), at: z.int() });
const fileSchema = z.record(z.string(), sightingSchema);

/** Where a certificate was shown, and when (epoch ms). */
export type Sighting = Readonly<z.infer<typeof sightingSchema>>;

/** Which server showed which unknown certificate: for the person who decides. Nothing is decided by it. */
export const sightings = (
  folder: string,
): {
  readonly read: () => Promise<ReadonlyMap<string, Sighting>>;
  readonly note: (thumbprint: string, sighting: Sighting) => Promise<void>;
} => {
  const file = join(folder, 'seen.json');
  const read = async (): Promise<ReadonlyMap<string, Sighting>> => {
    const text = await readFile(file, 'utf8').catch(() => '{}');
    const parsed = fileSchema.safeParse(parseJson(text));
    return new Map(parsed.success ? Object.entries(parsed.data) : []);
  };
  return {
    read,
    note: async (thumbprint, sighting) => {
      const all = new Map(await read()).set(thumbprint, sighting);
      await mkdir(folder, { recursive: true });
      await writeFile(`${file}.new`, `${JSON.stringify(Object.fromEntries(all), null, 1)}\n`);
      await rename(`${file}.new`, file);
    },
  };
};

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
