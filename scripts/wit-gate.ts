import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { FunctionShape } from '../runtime/base/value-type.ts';
import { canonicalJson } from './wit/contract-file.ts';
import { interfaceShape, type WitContract } from './wit/model.ts';
import { parseSources, readWitSources } from './wit/sources-io.ts';

/** What guests may rely on: each function of each interface in canonical JSON. */
export interface ContractLock {
  readonly schema: 'airssys.contract-lock/1';
  /** By full interface name, then by function name. */
  readonly interfaces: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** By full world name: what it imports and exports, in canonical JSON. */
  readonly worlds: Readonly<Record<string, string>>;
}

/** Returns the lock of a contract. */
export function lockOf(contract: WitContract): ContractLock {
  const functionEntry = (shape: FunctionShape): [string, string] => {
    const { params, result } = shape;
    return [shape.name, canonicalJson({ params, result })];
  };
  return {
    schema: 'airssys.contract-lock/1',
    interfaces: Object.fromEntries(
      [...contract.interfaces].map(([name, declared]) => [
        name,
        Object.fromEntries(interfaceShape(declared).functions.map(functionEntry)),
      ]),
    ),
    worlds: Object.fromEntries(
      [...contract.worlds].map(([name, { imports, exports }]) => [
        name,
        canonicalJson({ imports, exports }),
      ]),
    ),
  };
}

/**
 * Returns what the present contract takes away from or changes in a locked one, in words. A name
 * carries its version: an interface under a new version is a new interface, and leaving the old one
 * out is what a version bump means. Additions are compatible, except to what guests export: there
 * the gateway would call a function that older guests lack.
 */
export function breakingChanges(locked: ContractLock, present: ContractLock): string[] {
  const changes: string[] = [];
  for (const [name, functions] of Object.entries(locked.interfaces)) {
    const now = present.interfaces[name];
    if (now === undefined) {
      if (!hasNewerVersion(name, present)) changes.push(`${name} was removed`);
      continue;
    }
    for (const [label, shape] of Object.entries(functions)) {
      const shapeNow = now[label];
      if (shapeNow === undefined) changes.push(`${name} ${label} was removed`);
      else if (shapeNow !== shape) changes.push(`${name} ${label} was changed`);
    }
    if (!isExportedByGuests(name, locked)) continue;
    for (const label of Object.keys(now)) {
      if (functions[label] === undefined) {
        changes.push(`${name} ${label} was added to an interface that guests export`);
      }
    }
  }
  return changes;
}

function hasNewerVersion(name: string, present: ContractLock): boolean {
  const [path = '', version = ''] = name.split('@');
  return Object.keys(present.interfaces).some(other => {
    const [otherPath, otherVersion = ''] = other.split('@');
    return otherPath === path && otherVersion !== version;
  });
}

function isExportedByGuests(name: string, lock: ContractLock): boolean {
  return Object.values(lock.worlds).some(world => {
    const { exports }: { exports: string[] } = JSON.parse(world);
    return exports.includes(name);
  });
}

/** Returns the text of a lock file. */
function lockText(lock: ContractLock): string {
  return `${JSON.stringify(lock, null, 2)}\n`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const project = join(import.meta.dirname, '..');
  const path = join(project, 'wit/generated/contract.lock.json');
  const present = lockOf(parseSources(await readWitSources(join(project, 'wit'))));
  if (process.argv.includes('--write')) {
    await writeFile(path, lockText(present));
  } else {
    const locked: ContractLock = JSON.parse(await readFile(path, 'utf8'));
    const changes = breakingChanges(locked, present);
    for (const change of changes) console.error(`${change}: give its package a new version`);
    process.exitCode = changes.length > 0 ? 1 : 0;
  }
}
