import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { RANDOM_BYTES_MAX, type WasiServices, wasiImports } from '../../runtime/linker/index.ts';
import { LINE_BYTES_MAX, LineSink } from '../../runtime/linker/wasi/line-sink.ts';
import { call, run, traps } from './support.ts';

const test = suite('linker: WASI');

/** Writes 12 bytes of its memory to standard output, or does what else it is told. */
const guest = `(component
  (import "wasi:io/streams@0.2.6" (instance $streams
    (export "output-stream" (type $out (sub resource)))
    (export "error" (type $error (sub resource)))
    (type $failed (variant (case "last-operation-failed" (own $error)) (case "closed")))
    (export "stream-error" (type $stream-error (eq $failed)))
    (export "[method]output-stream.blocking-write-and-flush" (func
      (param "self" (borrow $out)) (param "contents" (list u8))
      (result (result (error $stream-error)))))))
  (alias export $streams "output-stream" (type $out))
  (import "wasi:cli/stdout@0.2.6" (instance $stdout
    (alias outer 1 $out (type $o)) (export "output-stream" (type $out2 (eq $o)))
    (export "get-stdout" (func (result (own $out2))))))
  (import "wasi:cli/exit@0.2.0" (instance $exit
    (export "exit" (func (param "status" (result))))))
  (import "wasi:random/random@0.2.3" (instance $random
    (export "get-random-u64" (func (result u64)))
    (export "get-random-bytes" (func (param "len" u64) (result (list u8))))))
  (import "wasi:filesystem/types@0.2.0" (instance $files
    (export "remove" (func))))
  (core module $l (memory (export "memory") 3) (data (i32.const 64) "line one\\nli")
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
  (core instance $l (instantiate $l))
  (alias core export $l "memory" (core memory $memory))
  (alias core export $l "realloc" (core func $realloc))
  (core func $get (canon lower (func $stdout "get-stdout")))
  (core func $write (canon lower
    (func $streams "[method]output-stream.blocking-write-and-flush") (memory $memory)))
  (core func $exit (canon lower (func $exit "exit")))
  (core func $word (canon lower (func $random "get-random-u64")))
  (core func $bytes (canon lower
    (func $random "get-random-bytes") (memory $memory) (realloc $realloc)))
  (core func $remove (canon lower (func $files "remove")))
  (core module $m
    (import "" "get" (func $get (result i32)))
    (import "" "write" (func $write (param i32 i32 i32 i32)))
    (import "" "exit" (func $exit (param i32)))
    (import "" "word" (func $word (result i64)))
    (import "" "bytes" (func $bytes (param i64 i32)))
    (import "" "remove" (func $remove))
    (func (export "write") (param i32)
      (call $write (call $get) (i32.const 64) (local.get 0) (i32.const 16)))
    (func (export "exit") (param i32) (call $exit (local.get 0)))
    (func (export "word") (result i64) (call $word))
    (func (export "bytes") (param i64) (call $bytes (local.get 0) (i32.const 16)))
    (func (export "remove") (call $remove)))
  (core instance $m (instantiate $m (with "" (instance
    (export "get" (func $get)) (export "write" (func $write)) (export "exit" (func $exit))
    (export "word" (func $word)) (export "bytes" (func $bytes))
    (export "remove" (func $remove))))))
  (func (export "write") (param "n" u32) (canon lift (core func $m "write")))
  (func (export "exit") (param "status" u32) (canon lift (core func $m "exit")))
  (func (export "word") (result u64) (canon lift (core func $m "word")))
  (func (export "bytes") (param "n" u64) (canon lift (core func $m "bytes")))
  (func (export "remove") (canon lift (core func $m "remove"))))`;

function services(): { readonly services: WasiServices; readonly lines: string[] } {
  const lines: string[] = [];
  return {
    lines,
    services: {
      onLine: (stream, line) => lines.push(`${stream}: ${line}`),
      monotonicNs: () => 5n,
      wallMs: () => 1_500.25,
      random: count => new Uint8Array(count).fill(1),
    },
  };
}

test('standard output arrives in lines', async () => {
  const { services: given, lines } = services();
  const handle = await run(guest, wasiImports(given));
  call(handle, 'write', 11);
  assert.equal(lines, ['stdout: line one']);
  call(handle, 'write', 11);
  assert.equal(lines, ['stdout: line one', 'stdout: liline one']);
});

test('a line without an end is cut', async () => {
  const { services: given, lines } = services();
  const handle = await run(guest, wasiImports(given));
  call(handle, 'write', 65_536);
  assert.is(lines.length, 32);
  assert.ok(lines.every(line => line.length <= LINE_BYTES_MAX + 'stdout: '.length));
});

test('a guest that exits is dead, and what it wrote without an end is a line', async () => {
  const { services: given, lines } = services();
  const handle = await run(guest, wasiImports(given));
  call(handle, 'write', 11);
  traps(() => call(handle, 'exit', 0), 'TRAP_EXIT');
  assert.ok(handle.dead !== null);
  assert.equal(lines, ['stdout: line one', 'stdout: li']);
});

test('an exit with a failure is no exit in good order', async () => {
  const handle = await run(guest, wasiImports(services().services));
  traps(() => call(handle, 'exit', 1), 'TRAP_GUEST');
});

test('a line is cut between characters, and its byte order mark stays', () => {
  const lines: string[] = [];
  const sink = new LineSink(line => lines.push(line));
  const text = `\ufeff${'é😀€'.repeat(1_000)}`;
  sink.write(new TextEncoder().encode(`${text}\n`));
  assert.is(lines.join(''), text);
  assert.ok(lines.length > 4);
});

test('bytes that are no text come out as replacement characters, bounded', () => {
  const lines: string[] = [];
  const sink = new LineSink(line => lines.push(line));
  sink.write(new Uint8Array(3 * LINE_BYTES_MAX).fill(0xbf));
  sink.flush();
  assert.equal(
    lines.map(line => line.length),
    [LINE_BYTES_MAX, LINE_BYTES_MAX, LINE_BYTES_MAX],
  );
  sink.flush();
  assert.is(lines.length, 3);
});

test('random numbers come from the caller and are bounded', async () => {
  const handle = await run(guest, wasiImports(services().services));
  assert.is(call(handle, 'word'), 0x0101_0101_0101_0101n);
  call(handle, 'bytes', BigInt(RANDOM_BYTES_MAX));
  traps(() => call(handle, 'bytes', BigInt(RANDOM_BYTES_MAX) + 1n), 'TRAP_LIMIT');
});

test('the file system is not there, and who reaches for it is told what is missing', async () => {
  const handle = await run(guest, wasiImports(services().services));
  traps(() => call(handle, 'remove'), 'TRAP_MISSING');
  assert.match(handle.dead ?? '', 'wasi:filesystem/types@0.2.0 "remove" is not provided');
});

test.run();
