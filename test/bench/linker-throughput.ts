/** Calls per second through the linker within one thread, on the echo component. */
import { readFileSync } from 'node:fs';
import { parse } from '@bytecodealliance/jco';
import {
  activateComponent,
  DEFAULT_ACTIVATION_LIMITS,
  DEFAULT_LINK_LIMITS,
  type Handle,
  stageComponent,
} from '../../runtime/linker/index.ts';

const MS_PER_S = 1_000;

/** Returns the binary of the echo component. */
export async function echoComponent(): Promise<Uint8Array> {
  return await parse(readFileSync(new URL('../fixtures/echo.wat', import.meta.url), 'utf8'));
}

/** Stages and activates the echo component in this thread. */
export async function echoHandle(): Promise<Handle> {
  const staged = stageComponent(await echoComponent(), DEFAULT_LINK_LIMITS);
  const modules = staged.modules.map(bytes => new WebAssembly.Module(bytes));
  return activateComponent(staged.plan, modules, new Map(), DEFAULT_ACTIVATION_LIMITS);
}

/** Returns calls per second of one export, after a warm-up. */
export function callsPerSecond(
  handle: Handle,
  name: string,
  args: readonly unknown[],
  calls: number,
): number {
  const index = handle.exports.findIndex(entry => entry.function.name === name);
  for (let n = 0; n < calls / 10; n += 1) handle.call(index, args);
  const started = performance.now();
  for (let n = 0; n < calls; n += 1) handle.call(index, args);
  return (calls * MS_PER_S) / (performance.now() - started);
}

/** `linker.c.empty`: calls per second of a function without parameters. */
export function emptyCalls(handle: Handle, calls = 2_000_000): number {
  return callsPerSecond(handle, 'nop', [], calls);
}

/** `linker.c.64B`: calls per second with a short string and 64 bytes there, 64 bytes back. */
export function echoCalls(handle: Handle, payloadBytes = 64, calls = 300_000): number {
  return callsPerSecond(handle, 'echo', ['site/boiler/1', new Uint8Array(payloadBytes)], calls);
}

if (import.meta.main) {
  const handle = await echoHandle();
  const rows = [
    ['linker.c.empty', emptyCalls(handle)],
    ['linker.c.u32', callsPerSecond(handle, 'nop32', [7], 2_000_000)],
    ['linker.c.64B', echoCalls(handle)],
    ['linker.c.1KiB', echoCalls(handle, 1_024)],
  ] as const;
  for (const [name, perSecond] of rows) {
    console.log(`${name.padEnd(16)} ${(perSecond / 1e6).toFixed(2)} M calls/s`);
  }
}
