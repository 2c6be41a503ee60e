/**
 * The table of ARCHITECTURE.md as data: which area may import which. An area that is not named here
 * may not exist. Change the table, this file and a decision record together.
 */

const L0 = ['runtime/base', 'wit/generated'];
const L1 = ['runtime/ports', 'runtime/linker', 'capabilities/grammar'];
const L2 = [
  'capabilities/guards',
  'runtime/actors',
  'runtime/signing',
  'runtime/trust',
  'runtime/manifest',
  'runtime/storage',
  'runtime/transport',
  'runtime/monitoring',
];
const L3 = ['runtime/components', 'runtime/deploy'];
const L4 = ['runtime/control'];
const L5 = ['runtime/compose', 'runtime/cli'];
const EVERYTHING = '*';

/** Areas and what each may import, besides itself. `drivers` stands for every driver. */
const ARROWS: ReadonlyMap<string, readonly string[]> = new Map([
  ['runtime/base', []],
  // Generated declarations use ValueType, the words in which a contract is written down.
  ['wit/generated', ['runtime/base']],
  ['wit/sdk', ['wit/generated']],
  ...L1.map(area => [area, L0] as const),
  ['drivers', [...L0, 'runtime/ports']],
  ...L2.map(area => [area, [...L0, ...L1]] as const),
  ['runtime/trust', [...L0, ...L1, 'runtime/signing']],
  ['runtime/manifest', [...L0, ...L1, 'runtime/signing', 'runtime/trust']],
  ...L3.map(area => [area, [...L0, ...L1, ...L2]] as const),
  ...L4.map(area => [area, [...L0, ...L1, ...L2, ...L3]] as const),
  ['runtime/compose', [...L0, ...L1, ...L2, ...L3, ...L4, 'drivers']],
  ['runtime/cli', [...L0, ...L1, ...L2, ...L3, ...L4]],
  ['runtime/entry', [...L0, ...L1, ...L2, ...L3, ...L4, ...L5, 'drivers']],
  ['firmware-manifests', ['wit/sdk', 'wit/generated']],
  ['scripts', [EVERYTHING]],
  ['test', [EVERYTHING]],
]);

/** Entries of processes that hold no authority, and what they must never reach. */
export const POWERLESS_ENTRIES: readonly string[] = [
  'runtime/entry/component-host.ts',
  'runtime/entry/worker.ts',
  'runtime/entry/stage.ts',
];

/** Areas that give authority. */
export const POWERFUL_AREAS: readonly string[] = [
  'drivers',
  'capabilities/guards',
  'runtime/storage',
  'runtime/signing',
  'runtime/trust',
];

/** Returns the area of a path, such as `drivers/mqtt` or `scripts`; null when it has none. */
export function areaOf(path: string): string | null {
  const [top = '', second = ''] = path.split('/');
  if (top === 'scripts' || top === 'test' || top === 'firmware-manifests') return top;
  const area = `${top}/${second}`;
  if (top === 'drivers') return area;
  return ARROWS.has(area) ? area : null;
}

/** Says whether code in one area may import code in another. */
export function mayImport(from: string, to: string): boolean {
  if (from === to) return true;
  const allowed = ARROWS.get(generalArea(from)) ?? [];
  return allowed.includes(EVERYTHING) || allowed.includes(generalArea(to));
}

/** Returns `drivers` for every driver, else the area itself. */
export function generalArea(area: string): string {
  return area.startsWith('drivers/') ? 'drivers' : area;
}

/** Returns the name of every area that the table knows. */
export function areaNames(): string[] {
  return [...ARROWS.keys()];
}
