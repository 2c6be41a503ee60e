import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import type { ActivationLimits } from '../../runtime/linker/index.ts';
import {
  activateComponent,
  DEFAULT_ACTIVATION_LIMITS,
  DEFAULT_LINK_LIMITS,
  type Handle,
  type HostFunction,
  type HostImports,
  LinkError,
  type LinkErrorCode,
  type LinkLimits,
  type StagedComponent,
  stageComponent,
  Trap,
  type TrapCode,
} from '../../runtime/linker/index.ts';
import { watBinary } from '../../scripts/guests/wat-io.ts';

/** Returns the text of a fixture. */
export function fixture(name: string): string {
  return readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');
}

/** Returns the binary of a component in text form. */
export async function binaryOf(wat: string): Promise<Uint8Array> {
  return watBinary(wat);
}

/** Stages a component in text form. */
export async function stageWat(
  wat: string,
  limits: Partial<LinkLimits> = {},
): Promise<StagedComponent> {
  return stageComponent(await binaryOf(wat), { ...DEFAULT_LINK_LIMITS, ...limits });
}

/** Instantiates a staged component through a clone, as it would cross to a worker. */
export function activate(
  staged: StagedComponent,
  host: HostImports = new Map(),
  limits: Partial<ActivationLimits> = {},
): Handle {
  const modules = staged.modules.map(bytes => new WebAssembly.Module(bytes));
  const plan = structuredClone(staged.plan);
  return activateComponent(plan, modules, host, { ...DEFAULT_ACTIVATION_LIMITS, ...limits });
}

/** Stages and instantiates a component in text form. */
export async function run(
  wat: string,
  host: HostImports = new Map(),
  limits: Partial<ActivationLimits> = {},
): Promise<Handle> {
  return activate(await stageWat(wat), host, limits);
}

/** Calls an export by its function's name. */
export function call(handle: Handle, name: string, ...args: readonly unknown[]): unknown {
  const index = handle.exports.findIndex(entry => entry.function.name === name);
  assert.ok(index >= 0, `no export ${name}`);
  return handle.call(index, args);
}

/** Returns host imports with the functions of one interface, `$root` unless named. */
export function hostOf(
  functions: Readonly<Record<string, HostFunction>>,
  name = '$root',
): HostImports {
  return new Map([[name, { functions: new Map(Object.entries(functions)) }]]);
}

/** Requires that a component in text form is refused with `code`. */
export async function refused(
  wat: string,
  code: LinkErrorCode,
  limits: Partial<LinkLimits> = {},
): Promise<void> {
  await refusedBytes(await binaryOf(wat), code, limits);
}

/** Requires that a component is refused with `code`. */
export function refusedBytes(
  bytes: Uint8Array,
  code: LinkErrorCode,
  limits: Partial<LinkLimits> = {},
): void {
  try {
    stageComponent(bytes, { ...DEFAULT_LINK_LIMITS, ...limits });
  } catch (error) {
    assert.instance(error, LinkError);
    if (error instanceof LinkError) assert.is(error.code, code, error.message);
    return;
  }
  assert.unreachable(`the component was accepted, not refused with ${code}`);
}

/** Requires that `task` traps with `code`, and returns the trap. */
export function traps(task: () => unknown, code: TrapCode): Trap {
  try {
    task();
  } catch (error) {
    if (!(error instanceof Trap)) throw error;
    assert.is(error.code, code, error.message);
    return error;
  }
  throw new Error(`it did not trap with ${code}`);
}

/** Returns the seed of a run: `--seed N`, else the given one; printed, to replay it. */
export function seedOf(fallback: number): number {
  const at = process.argv.indexOf('--seed');
  const seed = at < 0 ? fallback : Number(process.argv[at + 1]);
  console.log(`seed ${seed}`);
  return seed;
}
