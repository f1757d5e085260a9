import { argumentsOf, nameIn, numberOf, refuse } from '../support/arguments.ts';
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

/** The numbers that may stand behind a name. */
const TAKES: Readonly<Record<string, readonly string[]>> = {
  drain: ['DEVICES', 'MINUTES', 'WORKERS'],
  kafka: ['SECONDS', 'FRAMES_A_SECOND', 'DEVICES'],
  'kafka registers': ['REGISTERS', 'SECONDS'],
  ledger: ['DEVICES', 'MINUTES'],
  judgement: ['INSTITUTIONS', 'DAYS'],
  query: ['INSTITUTIONS'],
  settle: ['DEVICES'],
  modbus: [],
  opcua: ['VALUES_PER_SECOND'],
};
const usageOf = (form: string): string => [form, ...(TAKES[form] ?? []).map((one) => `[${one}]`)].join(' ');
const USAGE = `npm run bench -- NAME [--seed N], NAME and what it takes one of\n  ${Object.keys(TAKES).map(usageOf).join('\n  ')}`;

const { values, positionals } = argumentsOf(USAGE, { seed: { type: 'string', default: '1' } });
const [first = '', ...args] = positionals;
const name = nameIn('bench', first, Object.keys(BENCHES));
const [form, numbers] = args[0] === 'registers' && name === 'kafka' ? ['kafka registers', args.slice(1)] : [name, args];
for (const [i, text] of numbers.entries()) {
  const argument = TAKES[form]?.[i] ?? refuse(`"${text}" is one too many; ${usageOf(form)}`);
  // of workers there may be several, with a comma between
  for (const one of argument === 'WORKERS' ? text.split(',') : [text])
    numberOf(argument, one, argument === 'DAYS' ? 0 : 1);
}
const seed = numberOf('--seed', values.seed, 0);
// so that what a bench has started ends with it
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const bench = await BENCHES[name]?.();
const result = await bench?.({ seed, args, say });
say(JSON.stringify(result));
if (result && 'verdict' in result && result.verdict === 'failed') process.exitCode = 1;
