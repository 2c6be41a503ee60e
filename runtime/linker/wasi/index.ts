/**
 * The least of WASI 0.2 that guests with a standard library need, with no authority in it: no
 * environment, no arguments, no files, no terminal, no waiting, standard output to a callback. What
 * is missing here becomes a trap that names it, when it is called. Exit ends the instance.
 */
import type { HostImports, HostInterface } from '../activate.ts';
import { Trap } from '../errors.ts';
import { LineSink } from './line-sink.ts';
import { ioInterfaces, STDERR, STDIN, STDOUT } from './streams.ts';

export { LINE_BYTES_MAX } from './line-sink.ts';

/** What the caller lends to the guest. */
export interface WasiServices {
  /** A line on standard output or error, at most LINE_BYTES_MAX bytes. */
  readonly onLine: (stream: 'stdout' | 'stderr', line: string) => void;
  readonly monotonicNs: () => bigint;
  readonly wallMs: () => number;
  /** Returns `count` random bytes. */
  readonly random: (count: number) => Uint8Array;
}

/** Random bytes that a guest may ask for at once. */
export const RANDOM_BYTES_MAX = 65_536;

const NS_PER_MS = 1_000_000;
const MS_PER_S = 1_000;

type Entries = readonly (readonly [string, (...args: unknown[]) => unknown])[];

/** Returns the interfaces of WASI by name. A guest's own version matches by semver track. */
export function wasiImports(services: WasiServices): HostImports {
  const sinks = new Map([
    [STDOUT, new LineSink(line => services.onLine('stdout', line))],
    [STDERR, new LineSink(line => services.onLine('stderr', line))],
  ]);
  return new Map([
    ...ioInterfaces(sinks),
    ...cliInterfaces(exits([...sinks.values()])),
    ...clockInterfaces(services),
    ...randomInterfaces(services),
    entry('wasi:filesystem/preopens@0.2.0', [['get-directories', () => []]]),
  ]);
}

function entry(name: string, functions: Entries): readonly [string, HostInterface] {
  return [name, { functions: new Map(functions) }];
}

/**
 * Returns the two functions that exit. Success is TRAP_EXIT: the guest stopped itself. Anything
 * else is a failure like any other of the guest.
 */
function exits(sinks: readonly LineSink[]): Entries {
  const exit = (success: boolean, status: string): never => {
    for (const sink of sinks) sink.flush();
    if (success) throw new Trap('TRAP_EXIT', 'the guest exited with success');
    throw new Trap('TRAP_GUEST', `the guest exited with ${status}`);
  };
  return [
    ['exit', status => exit(isOk(status), 'a failure')],
    ['exit-with-code', code => exit(code === 0, `status ${String(code)}`)],
  ];
}

function isOk(status: unknown): boolean {
  return typeof status === 'object' && status !== null && 'tag' in status && status.tag === 'ok';
}

/** Time reaches a controller through its timers; one that slept would not answer. */
function refuseToWait(name: string): () => never {
  return () => {
    const reason = 'a controller does not wait, it sets a timer (airssys:timer/timers)';
    throw new Trap('TRAP_MISSING', `wasi:clocks/monotonic-clock "${name}" is refused: ${reason}`);
  };
}

function cliInterfaces(exitFunctions: Entries): readonly (readonly [string, HostInterface])[] {
  const nothing = (): undefined => undefined;
  return [
    entry('wasi:cli/environment@0.2.0', [
      ['get-environment', () => []],
      ['get-arguments', () => []],
      ['initial-cwd', nothing],
    ]),
    entry('wasi:cli/exit@0.2.0', exitFunctions),
    entry('wasi:cli/stdin@0.2.0', [['get-stdin', () => STDIN]]),
    entry('wasi:cli/stdout@0.2.0', [['get-stdout', () => STDOUT]]),
    entry('wasi:cli/stderr@0.2.0', [['get-stderr', () => STDERR]]),
    entry('wasi:cli/terminal-stdin@0.2.0', [['get-terminal-stdin', nothing]]),
    entry('wasi:cli/terminal-stdout@0.2.0', [['get-terminal-stdout', nothing]]),
    entry('wasi:cli/terminal-stderr@0.2.0', [['get-terminal-stderr', nothing]]),
  ];
}

function clockInterfaces(services: WasiServices): readonly (readonly [string, HostInterface])[] {
  const wall = (ms: number): unknown => ({
    seconds: BigInt(Math.floor(ms / MS_PER_S)),
    nanoseconds: Math.floor((ms % MS_PER_S) * NS_PER_MS),
  });
  return [
    entry('wasi:clocks/monotonic-clock@0.2.0', [
      ['now', () => services.monotonicNs()],
      ['resolution', () => 1n],
      ['subscribe-instant', refuseToWait('subscribe-instant')],
      ['subscribe-duration', refuseToWait('subscribe-duration')],
    ]),
    entry('wasi:clocks/wall-clock@0.2.0', [
      ['now', () => wall(services.wallMs())],
      ['resolution', () => wall(1)],
    ]),
  ];
}

function randomInterfaces(services: WasiServices): readonly (readonly [string, HostInterface])[] {
  const bytes = (length: unknown): Uint8Array => {
    if (typeof length !== 'bigint' || length > RANDOM_BYTES_MAX) {
      throw new Trap('TRAP_LIMIT', `over ${RANDOM_BYTES_MAX} random bytes at once`);
    }
    return services.random(Number(length));
  };
  const word = (): bigint => {
    const random = services.random(8);
    return new DataView(random.buffer, random.byteOffset, 8).getBigUint64(0);
  };
  return [
    entry('wasi:random/random@0.2.0', [
      ['get-random-bytes', bytes],
      ['get-random-u64', word],
    ]),
    entry('wasi:random/insecure@0.2.0', [
      ['get-insecure-random-bytes', bytes],
      ['get-insecure-random-u64', word],
    ]),
    entry('wasi:random/insecure-seed@0.2.0', [['insecure-seed', () => [word(), word()]]]),
  ];
}
