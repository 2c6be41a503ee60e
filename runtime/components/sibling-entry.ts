/** An entry file of another process, and the folders and files its process must be able to read. */
export interface SiblingEntry {
  readonly file: URL;
  readonly readable: readonly URL[];
}

/**
 * Finds the entry file of another process of this program. From the sources
 * (`runtime/*\/*.ts`) entries are in `runtime/entry`; in a bundle they lie beside the caller, with
 * `extension`.
 */
export function siblingEntry(
  caller: string,
  name: string,
  extension: 'js' | 'cjs' = 'js',
): SiblingEntry {
  if (caller.endsWith('.ts')) {
    const root = new URL('../../', caller);
    return {
      file: new URL(`runtime/entry/${name}.ts`, root),
      readable: [
        new URL('runtime/', root),
        new URL('wit/generated/', root),
        new URL('package.json', root),
      ],
    };
  }
  return { file: new URL(`./${name}.${extension}`, caller), readable: [new URL('./', caller)] };
}
