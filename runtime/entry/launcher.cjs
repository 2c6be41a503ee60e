#!/usr/bin/env node
/**
 * The `airssys-wasm` command. Any Node from 18 on can read this file. It starts the program with a
 * Node of at least NODE_MAJOR_MIN: the one it runs in, else the nearest it finds, else it says what
 * to install and ends with code 11 (precondition). `airssys-wasm gatewayd` is the daemon, anything
 * else the command line tool.
 */
'use strict';

const { execFileSync, spawn } = require('node:child_process');
const { existsSync } = require('node:fs');
const { constants } = require('node:os');
const { delimiter, dirname, join } = require('node:path');
const { pathToFileURL } = require('node:url');

const NODE_MAJOR_MIN = 26;
const EXIT_PRECONDITION = 11;
const VERSION_PROBE_MS = 5_000;

/**
 * The daemon needs the same few objects for years: a small young generation and one arena of the C
 * library keep 15 MB that garbage would otherwise spread over.
 */
const DAEMON = {
  file: 'gatewayd.js',
  flags: ['--max-semi-space-size=1', '--expose-gc'],
  arenas: '1',
};
const TOOL = { file: 'cli.js', flags: [], arenas: undefined };

const isDaemon = process.argv[2] === 'gatewayd';
const { file, flags, arenas } = isDaemon ? DAEMON : TOOL;
const PROGRAM = join(__dirname, file);
const args = [...flags, PROGRAM, ...process.argv.slice(isDaemon ? 3 : 2)];
const env = arenas === undefined ? process.env : { ...process.env, MALLOC_ARENA_MAX: arenas };

if (majorOf(process.versions.node) >= NODE_MAJOR_MIN && isDaemon) {
  // In place of this process: its id is what a service manager watches.
  process.execve(process.execPath, [process.execPath, ...args], env);
} else if (majorOf(process.versions.node) >= NODE_MAJOR_MIN) {
  import(pathToFileURL(PROGRAM).href).catch(error => {
    process.stderr.write(`airssys-wasm: could not start: ${error?.stack ?? error}\n`);
    process.exitCode = 1;
  });
} else {
  const node = candidates().find(path => majorOf(versionOf(path)) >= NODE_MAJOR_MIN);
  if (node === undefined) refuse();
  else runWith(node);
}

/** Paths where a newer Node may be: installed beside this package or above it, then PATH. */
function candidates() {
  const folders = [];
  for (let folder = __dirname; ; folder = dirname(folder)) {
    folders.push(join(folder, 'node_modules', '.bin'), join(folder, 'node_modules', 'node', 'bin'));
    if (dirname(folder) === folder) break;
  }
  folders.push(...(process.env.PATH ?? '').split(delimiter).filter(folder => folder !== ''));
  return folders.map(folder => join(folder, 'node')).filter(path => existsSync(path));
}

function versionOf(path) {
  try {
    return execFileSync(path, ['-p', 'process.versions.node'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: VERSION_PROBE_MS,
    }).trim();
  } catch {
    return '';
  }
}

function majorOf(version) {
  return Number.parseInt(version, 10) || 0;
}

function runWith(node) {
  const child = spawn(node, args, { stdio: 'inherit', env });
  // The terminal sends Ctrl-C to both processes; a service manager tells only this one.
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGUSR2']) {
    process.on(signal, () => child.kill(signal));
  }
  child.on('error', error => {
    process.stderr.write(`airssys-wasm: could not start ${node}: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0);
  });
}

function refuse() {
  process.stderr.write(
    `airssys-wasm: needs Node.js ${NODE_MAJOR_MIN} or newer; this is Node.js ` +
      `${process.versions.node} (${process.execPath}),\n` +
      'and there is no newer one beside this package or on PATH.\n' +
      `Install it beside the package:  npm install node@${NODE_MAJOR_MIN}\n` +
      'or for the whole machine:       https://nodejs.org/en/download\n',
  );
  process.exitCode = EXIT_PRECONDITION;
}
