import { parseArgs } from 'node:util';
import type { Bench } from './form.ts';

/** `npm run bench -- NAME [--seed N] [what the bench takes]`: lines for people, then one line of JSON. */
const BENCHES: Readonly<Record<string, () => Promise<Bench>>> = {
  drain: async () => (await import('./drain.ts')).drain,
  kafka: async () => (await import('./kafka.ts')).kafka,
  ledger: async () => (await import('./ledger.ts')).ledger,
  judgement: async () => (await import('./judgement.ts')).judgement,
  query: async () => (await import('./query/index.ts')).query,
  settle: async () => (await import('./settle.ts')).settle,
  modbus: async () => (await import('./modbus/index.ts')).modbus,
  opcua: async () => (await import('./opcua/index.ts')).opcua,
};

const { values, positionals } = parseArgs({
  args: process.argv.slice(2),
  allowPositionals: true,
  options: { seed: { type: 'string', default: '1' } },
});
const [name = '', ...args] = positionals;
const load = BENCHES[name];
// so that what a bench has started ends with it
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
const say = (line: string): void => void process.stdout.write(`${line}\n`);
if (load) {
  const bench = await load();
  const result = await bench({ seed: Number(values.seed), args, say });
  say(JSON.stringify(result));
  if ('verdict' in result && result.verdict === 'failed') process.exitCode = 1;
} else {
  process.stderr.write(`There is no bench "${name}"; there are: ${Object.keys(BENCHES).join(', ')}\n`);
  process.exitCode = 2;
}
