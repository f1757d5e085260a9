#!/usr/bin/env node
// The command `civicmeter`: whatever Node started it, main.ts runs on the runtime that the checkout brings along.
import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(realpathSync(fileURLToPath(import.meta.url)));
const own = join(here, '..', '..', 'node_modules', '.bin', process.platform === 'win32' ? 'node.exe' : 'node');
const newEnough = Number(process.versions.node.split('.')[0]) >= 24;

if (!existsSync(own) && !newEnough) {
  console.error(
    `CivicMeter needs Node 24 or newer; this is ${process.version}. Run "npm ci" in ${join(here, '..', '..')} first.`,
  );
  process.exit(3);
}

const child = spawn(existsSync(own) ? own : process.execPath, [join(here, 'main.ts'), ...process.argv.slice(2)], {
  stdio: 'inherit',
});
// Ctrl-C reaches the child by itself; a signal sent to this process alone is handed on.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
  });
}
child.on('exit', (code, signal) => process.exit(signal ? 128 + 15 : (code ?? 70)));
