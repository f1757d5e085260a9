import type { Registry } from '#domain';
import { resolveRegister } from '../../collectors/devices/index.ts';
import { type ImportOptions, readReadings, type Readings } from '../../collectors/import/index.ts';
import { checkSite } from '../../collectors/site/index.ts';

const siteText = (zone: string): string => `
site: { id: s, name: S, zone: ${zone} }
points:
  - { id: w1, name: W, carrier: water, role: main, meters: [{ serial: "0042", unit: m3 }] }
  - id: w2
    name: W
    carrier: water
    role: main
    meters:
      - { serial: OLD, unit: m3, removed: { at: 2025-02-01 } }
      - { serial: NEW, unit: m3, mounted: { at: 2025-02-01 } }
  - { id: p1, name: P, carrier: electricity, role: main, meters: [{ serial: "20231107", unit: kWh }] }
`;

function registryOf(zone: string): Registry {
  const checked = checkSite(siteText(zone), { file: 'site.yaml', models: new Map(), resolveRegister });
  if ('problems' in checked) throw new Error(JSON.stringify(checked.problems));
  return checked.registry;
}

const shanghai = registryOf('Asia/Shanghai');
export const madrid = registryOf('Europe/Madrid');

export const read = (content: string | Uint8Array, options: Partial<ImportOptions> = {}): Promise<Readings> =>
  readReadings(typeof content === 'string' ? new TextEncoder().encode(content) : content, 'file.csv', {
    registry: shanghai,
    ...options,
  });

/** "register @ UTC instant = face value" of every reading. */
export const list = ({ frames }: Readings): readonly string[] =>
  frames.flatMap(({ device, at, r }) =>
    r.map(([register, value]) => `${device}/${register} @ ${new Date(at).toISOString().slice(0, 19)} = ${value}`),
  );

/** "row[:column] code" of every refusal. */
export const refusals = ({ refused }: Readings): readonly string[] =>
  refused.map(({ row, column, code }) => `${row}${column === undefined ? '' : `:${column}`} ${code}`);

/** GBK is what TextDecoder reads as such: turned round. */
export function gbk(text: string): Uint8Array {
  const decoder = new TextDecoder('gb18030');
  const bytesOf = new Map<string, readonly [number, number]>();
  for (let a = 0x81; a <= 0xfe; a++) {
    for (let b = 0x40; b <= 0xfe; b++) bytesOf.set(decoder.decode(new Uint8Array([a, b])), [a, b]);
  }
  return new Uint8Array(
    Array.from(text).flatMap((c) => (c.charCodeAt(0) < 128 ? [c.charCodeAt(0)] : [...(bytesOf.get(c) ?? [63])])),
  );
}
