/** Arguments of host calls, parsed: they come from a process that runs guests. */
import { ComponentError } from '../../runtime/ports/component-host.ts';
import type { LineState } from '../../runtime/ports/gpio.ts';

/** @throws ComponentError `COMPONENT_ARGUMENT`, as the others do */
export function textArg(args: readonly unknown[], index: number): string {
  const value = args[index];
  return typeof value === 'string' ? value : bad(index, 'a string');
}

/** Returns a text, or undefined where there is none. */
export function optionalTextArg(args: readonly unknown[], index: number): string | undefined {
  return args[index] === undefined ? undefined : textArg(args, index);
}

/** Returns a number that fits in 32 bits without sign. */
export function u32Arg(args: readonly unknown[], index: number): number {
  const value = args[index];
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 32) {
    return value;
  }
  return bad(index, 'a u32');
}

/** Returns bytes. */
export function bytesArg(args: readonly unknown[], index: number): Uint8Array {
  const value = args[index];
  return value instanceof Uint8Array ? value : bad(index, 'bytes');
}

/** Returns a truth value. */
export function boolArg(args: readonly unknown[], index: number): boolean {
  const value = args[index];
  return typeof value === 'boolean' ? value : bad(index, 'a bool');
}

/** Returns a line state. */
export function stateArg(args: readonly unknown[], index: number): LineState {
  const value = args[index];
  return value === 'active' || value === 'inactive' ? value : bad(index, 'a line state');
}

/** Returns a quality of service. */
export function qosArg(args: readonly unknown[], index: number): 0 | 1 {
  const value = args[index];
  if (value === 'at-most-once') return 0;
  return value === 'at-least-once' ? 1 : bad(index, 'a qos');
}

function bad(index: number, wanted: string): never {
  throw new ComponentError(
    'COMPONENT_ARGUMENT',
    `argument ${index} of a host call is not ${wanted}`,
  );
}
