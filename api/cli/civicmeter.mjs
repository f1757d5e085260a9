#!/usr/bin/env node
// The command `civicmeter`: whatever Node started it, main.ts runs on the runtime that the checkout brings along, with
// a heap and allocator that give back what a busy hour took (memory.json, ADR 113).
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(realpathSync(fileURLToPath(import.meta.url)));
const own = join(here, '..', '..', 'node_modules', '.bin', process.platform === 'win32' ? 'node.exe' : 'node');
const hasOwn = existsSync(own);
const major = Number(process.versions.node.split('.')[0]);

if (!hasOwn && major < 24) {
  console.error(
    `CivicMeter needs Node 24 or newer; this is ${process.version}. Run "npm ci" in ${join(here, '..', '..')} first.`,
  );
  process.exit(3);
}

const memory = JSON.parse(readFileSync(join(here, 'memory.json'), 'utf8'));
// V8's flags come and go with its releases: of later ones than ours nobody knows whether they still have these
const flags = hasOwn || major === 24 ? memory.flags : [];
const child = spawn(hasOwn ? own : process.execPath, [...flags, join(here, 'main.ts'), ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...memory.environment, ...process.env },
});
// Ctrl-C reaches the child by itself; a signal sent to this process alone is handed on.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
  });
}
child.on('exit', (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : (code ?? 70)));
