import type { SiblingEntry } from '../../../runtime/components/sibling-entry.ts';

/** Returns an entry file of this folder with what its process must read. */
export function testEntry(name: string): SiblingEntry {
  const root = new URL('../../../', import.meta.url);
  return {
    file: new URL(`./${name}.ts`, import.meta.url),
    readable: [
      new URL('runtime/', root),
      new URL('wit/generated/', root),
      new URL('test/components/support/', root),
      new URL('package.json', root),
    ],
  };
}
