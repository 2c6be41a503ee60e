/**
 * `npm run package`: proves the tarball. Packs it, installs it as a user would in an empty folder,
 * weighs what was installed, runs the command with a new Node, and with an old one only (where this
 * machine has one).
 */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..');
const INSTALLED_BYTES_MAX = 15 * 1024 * 1024;
const STEP_MS_MAX = 180_000;
const EXIT_PRECONDITION = 11;
/** A second each. */
const DAEMON_TRIES_MAX = 60;
const OLD_NODE_PLACES = ['/usr/bin/node', '/usr/local/bin/node'];

const checks: { readonly name: string; readonly ok: boolean; readonly note: string }[] = [];
const folder = mkdtempSync(join(tmpdir(), 'airssys-package-'));
try {
  provePackage(folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const failed = checks.filter(({ ok }) => !ok).length;
say(`package: ${checks.length - failed} checks passed, ${failed} failed`);
process.exitCode = failed === 0 && checks.length > 0 ? 0 : 1;

function provePackage(temporary: string): void {
  const packed = run('npm', ['pack', '--pack-destination', temporary], ROOT);
  const tarball = readdirSync(temporary).find(name => name.endsWith('.tgz'));
  check('npm pack', packed.status === 0 && tarball !== undefined, packed.output);
  if (tarball === undefined) return;
  say(`tarball: ${kib(statSync(join(temporary, tarball)).size)}`);

  const home = join(temporary, 'empty');
  mkdirSync(home);
  writeFileSync(join(home, 'package.json'), '{ "private": true }');
  const args = ['install', '--omit=dev', '--no-audit', '--no-fund', join(temporary, tarball)];
  const installed = run('npm', args, home);
  check('npm install', installed.status === 0, installed.output);
  const bytes = sizeOf(join(home, 'node_modules'));
  check('installed size', bytes > 0 && bytes < INSTALLED_BYTES_MAX, kib(bytes));

  const command = join(home, 'node_modules', '.bin', 'airssys-wasm');
  const version = run(command, ['--version'], home);
  check('airssys-wasm --version', version.status === 0, version.output);
  const help = run(command, ['--help'], home);
  check('airssys-wasm --help', help.status === 0, help.output.split('\n')[0] ?? '');
  // Only the native part knows that a port is not there; listing would need udev.
  const native =
    "import('serialport').then(({ SerialPort }) => " +
    "new SerialPort({ path: '/dev/no-such-port', baudRate: 9600 }, error => " +
    'process.exit(/No such file/.test(error?.message) ? 0 : 1)))';
  const listed = run('node', ['--eval', native], home);
  check('serialport finds its native part', listed.status === 0, listed.output);
  proveDaemon(command, home);
  proveOldNode(command, home);
}

/** Runs the installed daemon as the README says, asks it something and ends it. */
function proveDaemon(command: string, home: string): void {
  const manifests = join(home, 'node_modules', 'airssys-wasm', 'firmware-manifests');
  const config = readFileSync(join(manifests, 'gateway.sim.toml'), 'utf8')
    .replaceAll('../.state/root.cbor', 'root.cbor')
    .replaceAll('../.state', 'state')
    .replace('boards/sim.toml', join(manifests, 'boards', 'sim.toml'));
  writeFileSync(join(home, 'gateway.toml'), config);
  const script = `
    "$0" keygen --out site.key >/dev/null 2>&1 || exit 1
    "$0" root init --key site.key --out root.cbor >/dev/null 2>&1 || exit 1
    "$0" gatewayd --config gateway.toml 2>gatewayd.log & daemon=$!
    for try in $(seq ${DAEMON_TRIES_MAX}); do
      "$0" --socket state/control.sock status >status.log 2>&1
      grep -q sim-gateway status.log && break
      sleep 1
    done
    kill -TERM $daemon; wait $daemon; ended=$?
    head -1 status.log
    grep -q sim-gateway status.log && [ $ended = 0 ] || { cat gatewayd.log; exit 1; }`;
  const ran = run('sh', ['-c', script, command], home);
  check('airssys-wasm gatewayd runs, answers and ends', ran.status === 0, ran.output);
}

function proveOldNode(command: string, home: string): void {
  const old = OLD_NODE_PLACES.find(place => existsSync(place) && majorOf(place) < 26);
  if (old === undefined) {
    say('no old Node on this machine: the refusal is proven by test/house/launcher.test.ts only');
    return;
  }
  const refused = spawnSync(old, [command, '--version'], {
    cwd: home,
    encoding: 'utf8',
    env: { PATH: '' },
  });
  const explains = /needs Node\.js 26 or newer/.test(refused.stderr);
  check('refusal by old Node', refused.status === EXIT_PRECONDITION && explains, refused.stderr);
  const found = spawnSync(old, [command, '--version'], {
    cwd: home,
    encoding: 'utf8',
    env: { PATH: join(ROOT, 'node_modules', '.bin') },
  });
  check('old Node finds the new one on PATH', found.status === 0, found.stdout + found.stderr);
}

function run(
  command: string,
  args: string[],
  cwd: string,
): { status: number | null; output: string } {
  const path = [join(ROOT, 'node_modules', '.bin'), process.env.PATH ?? ''].join(delimiter);
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    timeout: STEP_MS_MAX,
    env: { ...process.env, PATH: path },
  });
  return { status, output: `${stdout}${stderr}${error?.message ?? ''}`.trim() };
}

function check(name: string, ok: boolean, note: string): void {
  checks.push({ name, ok, note });
  say(`${ok ? 'ok   ' : 'FAIL '} ${name}: ${ok ? note.split('\n').at(-1) : `\n${note}`}`);
}

function majorOf(node: string): number {
  const { stdout } = spawnSync(node, ['-p', 'process.versions.node'], { encoding: 'utf8' });
  return Number.parseInt(stdout, 10) || Number.POSITIVE_INFINITY;
}

function sizeOf(path: string): number {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

function kib(bytes: number): string {
  return `${Math.ceil(bytes / 1024)} KiB`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
