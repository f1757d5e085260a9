import { systemClock } from '#platform';
import { runCli } from './run.ts';

/** Ctrl-C asks for an orderly end; a second one does not wait for it. One that npm repeats is still the first. */
const ending = new AbortController();
const REPEATED_MS = 500;
let askedAt = 0;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (ending.signal.aborted && Date.now() - askedAt > REPEATED_MS) process.exit(130);
    if (!ending.signal.aborted) askedAt = Date.now();
    ending.abort(new Error(`ended by ${signal}`));
  });
}

// npm ends the shell between us and hands no signal on: begun by npm, the program ends with it
if (process.env['npm_lifecycle_event'] !== undefined) {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) ending.abort(new Error('npm has ended'));
  }, 1_000).unref();
}

// a closed pipe (`civicmeter usage | head`) is no defect
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 70));

// what is said beside an answer may have no reader left (`civicmeter start 2>&1 | head`): the work goes on
process.stderr.on('error', () => {});

process.exitCode = await runCli(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  tty: process.stderr.isTTY,
  env: process.env,
  clock: systemClock,
  signal: ending.signal,
});

// everything is closed by now; whatever a library left open must not keep the program
setTimeout(() => process.exit(), 2_000).unref();
