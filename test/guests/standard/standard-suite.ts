import { readFile } from 'node:fs/promises';
import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  activateComponent,
  DEFAULT_ACTIVATION_LIMITS,
  DEFAULT_LINK_LIMITS,
  type Handle,
  type StagedComponent,
  stageComponent,
  Trap,
  wasiImports,
} from '../../../runtime/linker/index.ts';
import { buildGuests } from '../../../scripts/guests.ts';

const WALL_MS = 1_700_000_000_123;
const MONOTONIC_NS = 5_000_000_007n;

/** What differs between the libraries of two languages. */
export interface StandardTraits {
  /** Written by a constructor when the component is instantiated. */
  readonly atStart: readonly string[];
  /** What the command `clocks` writes. */
  readonly clocks: string;
  /** What the command `panic` writes first, in a language that panics. */
  readonly panic?: RegExp;
  /** How the command `random` shows eight, or four, bytes of ones. */
  readonly random: RegExp;
}

interface Running {
  readonly handle: Handle;
  readonly lines: string[];
  run(command: string): void;
}

/** Adds the tests of a guest that uses its language's standard library, over WASI alone. */
export function standardLibrary(test: Test, language: string, traits: StandardTraits): void {
  const name = `standard-${language}`;
  let staged: StagedComponent;
  let modules: readonly WebAssembly.Module[] = [];

  test.before(async () => {
    const path = (await buildGuests([name])).get(name) ?? '';
    staged = stageComponent(new Uint8Array(await readFile(path)), DEFAULT_LINK_LIMITS);
    modules = staged.modules.map(module => new WebAssembly.Module(module));
  });

  const start = (): Running => started(staged, modules);
  const linesOf = (command: string): readonly string[] => {
    const running = start();
    running.run(command);
    return running.lines.slice(traits.atStart.length);
  };

  test('output goes to the log in lines, and what has no end waits for one', () => {
    const running = start();
    assert.equal(running.lines, traits.atStart);
    running.run('print');
    const expected = ['stdout: out é😀', 'stderr: err'];
    assert.equal(running.lines.slice(traits.atStart.length), expected);
    running.run('print');
    assert.is(running.lines.at(-2), 'stdout: without an endout é😀');
  });

  test('the environment is empty', () => {
    assert.equal(linesOf('environment'), ['stdout: HOME absent', 'stdout: variables none']);
  });

  test('there are no files, to read or to write', () => {
    assert.equal(linesOf('files'), ['stdout: read refused', 'stdout: write refused']);
  });

  test('clocks and random numbers are those of the host', () => {
    assert.equal(linesOf('clocks'), [`stdout: ${traits.clocks}`]);
    assert.match(linesOf('random')[0] ?? '', traits.random);
  });

  test('standard input is at its end', () => {
    assert.equal(linesOf('input'), ['stdout: input at its end']);
  });

  test('who sleeps is trapped, and told what to use instead', () => {
    const { code, message } = trapOf(start(), 'sleep');
    assert.is(code, 'TRAP_MISSING');
    assert.match(message, /wasi:clocks\/monotonic-clock "subscribe-\w+" is refused: .*timer/);
  });

  test('exit with success is a stop, after what was written', () => {
    const running = start();
    assert.is(trapOf(running, 'exit').code, 'TRAP_EXIT');
    assert.is(running.lines.at(-1), 'stdout: before the exit');
    assert.ok(running.handle.dead !== null);
  });

  test('exit with a failure and abort are traps', () => {
    assert.equal(trapOf(start(), 'fail').message, 'the guest exited with a failure');
    assert.is(trapOf(start(), 'abort').code, 'TRAP_GUEST');
  });

  test('what a dying guest says of itself is in the log', () => {
    const running = start();
    trapOf(running, traits.panic === undefined ? 'abort' : 'panic');
    const said = running.lines.slice(traits.atStart.length).join('\n');
    assert.match(said, traits.panic ?? /^$/);
  });

  test('an exit leaves another instance of the same component alone', () => {
    const neighbour = start();
    trapOf(start(), 'exit');
    neighbour.run('input');
    assert.is(neighbour.handle.dead, null);
  });
}

function started(staged: StagedComponent, modules: readonly WebAssembly.Module[]): Running {
  const lines: string[] = [];
  const imports = wasiImports({
    onLine: (stream, line) => lines.push(`${stream}: ${line}`),
    monotonicNs: () => MONOTONIC_NS,
    wallMs: () => WALL_MS,
    random: count => new Uint8Array(count).fill(1),
  });
  const handle = activateComponent(staged.plan, modules, imports, DEFAULT_ACTIVATION_LIMITS);
  const index = handle.exports.findIndex(each => each.function.name === 'on-message');
  const run = (command: string): void => {
    const payload = new TextEncoder().encode(command);
    handle.call(index, [{ connection: 'main', topic: 'run', payload, retained: false }]);
  };
  return { handle, lines, run };
}

function trapOf(running: Running, command: string): Trap {
  try {
    running.run(command);
  } catch (error) {
    if (error instanceof Trap) return error;
    throw error;
  }
  return assert.unreachable(`${command} returned`) as never;
}
