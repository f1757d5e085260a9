import { judgement } from './judgement.ts';

/** `npm run bench -- NAME [size]`: prints one line of JSON. */
const BENCHES: Readonly<Record<string, (size: number | undefined) => object>> = { judgement };

const [name = '', size] = process.argv.slice(2);
const bench = BENCHES[name];
if (bench) process.stdout.write(`${JSON.stringify(bench(size === undefined ? undefined : Number(size)))}\n`);
else {
  process.stderr.write(`There is no bench "${name}"; there are: ${Object.keys(BENCHES).join(', ')}\n`);
  process.exitCode = 2;
}
