import type { HostInterface } from '../activate.ts';
import type { LineSink } from './line-sink.ts';

/** The representation of standard input. */
export const STDIN = 0;
/** The representation of standard output. */
export const STDOUT = 1;
/** The representation of standard error. */
export const STDERR = 2;
/** The one pollable there is, that of a stream: always ready. */
const READY = 0;
/** Bytes that a stream takes in one write. */
const WRITE_BYTES_MAX = 65_536n;

const DONE = { tag: 'ok', val: undefined } as const;
const CLOSED = { tag: 'err', val: { tag: 'closed' } } as const;

/**
 * Returns `wasi:io`: output streams that lead to `sinks` by representation, an input stream that is
 * at its end, pollables that are always ready. Nothing here can block.
 */
export function ioInterfaces(
  sinks: ReadonlyMap<number, LineSink>,
): readonly (readonly [string, HostInterface])[] {
  const write = (stream: unknown, bytes: unknown): unknown => {
    const sink = typeof stream === 'number' ? sinks.get(stream) : undefined;
    if (sink === undefined || !(bytes instanceof Uint8Array)) return CLOSED;
    sink.write(bytes);
    return DONE;
  };
  const closed = (): unknown => CLOSED;
  const done = (): unknown => DONE;
  const ready = (): number => READY;
  return [
    [
      'wasi:io/error@0.2.0',
      { functions: new Map([['[method]error.to-debug-string', () => 'the stream is closed']]) },
    ],
    [
      'wasi:io/poll@0.2.0',
      {
        functions: new Map<string, (...args: unknown[]) => unknown>([
          ['[method]pollable.ready', () => true],
          ['[method]pollable.block', () => undefined],
          ['poll', list => (Array.isArray(list) ? list.map((_, index) => index) : [])],
        ]),
      },
    ],
    [
      'wasi:io/streams@0.2.0',
      {
        functions: new Map<string, (...args: unknown[]) => unknown>([
          ['[method]output-stream.check-write', () => ({ tag: 'ok', val: WRITE_BYTES_MAX })],
          ['[method]output-stream.write', write],
          ['[method]output-stream.blocking-write-and-flush', write],
          ['[method]output-stream.flush', done],
          ['[method]output-stream.blocking-flush', done],
          ['[method]output-stream.subscribe', ready],
          ['[method]input-stream.read', closed],
          ['[method]input-stream.blocking-read', closed],
          ['[method]input-stream.skip', closed],
          ['[method]input-stream.blocking-skip', closed],
          ['[method]input-stream.subscribe', ready],
        ]),
      },
    ],
  ];
}
