import { differenceOf } from '../base/same-type.ts';
import type { ComponentShape, FunctionShape, InterfaceShape } from '../base/value-type.ts';
import { semverTrack } from '../linker/names.ts';
import { ComponentError } from '../ports/component-host.ts';

/** What guests may import and what they may export. */
export interface ContractShape {
  readonly imports: readonly InterfaceShape[];
  readonly exports: readonly InterfaceShape[];
}

/** What every controller exports. */
const REQUIRED_EXPORTS: readonly string[] = ['airssys:lifecycle/controller'];
/**
 * Packages that toolchains put into every guest. They may be imported in any shape: what is not
 * answered there traps when it is called, and nothing there has authority.
 */
const STUBBED_PACKAGES = /^wasi:(cli|clocks|filesystem|http|io|random|sockets)\//;

/**
 * Holds a component's shape against the contract: it imports only what exists there, with equal
 * types, and exports a controller and handlers with equal types. Versions of one semver track
 * agree. What else a component exports is never called.
 * @throws ComponentError `COMPONENT_REFUSED`, which names the interface and function
 */
export function requireContract(
  shape: ComponentShape,
  contract: ContractShape,
  requiredExports: readonly string[] = REQUIRED_EXPORTS,
): void {
  const importable = byTrack(contract.imports);
  for (const wanted of shape.imports) {
    const known = importable.get(semverTrack(wanted.name));
    if (isStubbed(wanted.name)) continue;
    if (known === undefined) refuse(`it imports ${wanted.name}, which the contract does not have`);
    for (const wantedFunction of wanted.functions) {
      const place = `${wanted.name} "${wantedFunction.name}"`;
      const found = known.functions.find(({ name }) => name === wantedFunction.name);
      if (found === undefined) refuse(`it imports ${place}, which the contract does not have`);
      requireEqual(found, wantedFunction, `it imports ${place}`);
    }
  }
  const exported = byTrack(shape.exports);
  for (const known of contract.exports) {
    const found = exported.get(semverTrack(known.name));
    if (found !== undefined) requireExports(known, found);
    else if (requiredExports.includes(withoutVersion(known.name))) {
      refuse(`it does not export ${known.name}, as every controller must`);
    }
  }
}

/** Whether an interface is one of those that toolchains import into every guest. */
export function isStubbed(name: string): boolean {
  return STUBBED_PACKAGES.test(name);
}

function requireExports(known: InterfaceShape, found: InterfaceShape): void {
  for (const wanted of known.functions) {
    const has = found.functions.find(({ name }) => name === wanted.name);
    const place = `${found.name} "${wanted.name}"`;
    if (has === undefined) refuse(`it exports ${found.name} without "${wanted.name}"`);
    requireEqual(wanted, has, `it exports ${place}`);
  }
}

function requireEqual(known: FunctionShape, found: FunctionShape, what: string): void {
  const difference = differenceOf(known, found);
  if (difference === 'parameters') refuse(`${what} with other parameters`);
  if (difference === 'result') refuse(`${what} with another result`);
}

function byTrack(shapes: readonly InterfaceShape[]): ReadonlyMap<string, InterfaceShape> {
  return new Map(shapes.map(shape => [semverTrack(shape.name), shape]));
}

function withoutVersion(name: string): string {
  return name.replace(/@.*$/, '');
}

function refuse(message: string): never {
  throw new ComponentError('COMPONENT_REFUSED', `the component was refused: ${message}`);
}
