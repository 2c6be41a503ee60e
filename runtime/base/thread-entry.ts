/**
 * Finds the entry file of a thread of this program. From the sources (`runtime/*\/*.ts`) entries
 * are in `runtime/entry`; in a bundle they lie beside the caller.
 */
export function threadEntry(caller: string, name: string): URL {
  const path = caller.endsWith('.ts') ? `../entry/${name}.ts` : `./${name}.js`;
  return new URL(path, caller);
}
