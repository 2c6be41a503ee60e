import { realpathSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { ReadOnlyBind } from './namespace-command.ts';
import type { SiblingEntry } from './sibling-entry.ts';

/** `libc.so.6`, and neither `linux-vdso` nor an addon. */
const LIBRARY = /^\/.*\.so(\.[0-9.]+)?$/;

/**
 * Returns all that node needs to run an entry: its binary, the libraries that the loader names in
 * this very process, and the program's own files. @throws where one of them is gone
 */
export function programFiles(entry: SiblingEntry): readonly ReadOnlyBind[] {
  const program = entry.readable.map(url => fileURLToPath(url).replace(/\/$/, ''));
  return [...libraries(), process.execPath, ...program].map(target => {
    return { source: realpathSync(target), target };
  });
}

function libraries(): readonly string[] {
  const { report } = process;
  // Else interfaces are looked up, and names of peers. Node's types do not know it yet.
  const before: unknown = Reflect.get(report, 'excludeNetwork');
  Reflect.set(report, 'excludeNetwork', true);
  const written: unknown = report.getReport();
  Reflect.set(report, 'excludeNetwork', before);
  const { sharedObjects = [] } = written as { readonly sharedObjects?: readonly string[] };
  return sharedObjects.filter(path => LIBRARY.test(path));
}
