import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ModuleScan, scanModule } from './module-scan.ts';

/** A source file of ours. `path` is from the root, with slashes. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly scan: ModuleScan;
}

/** All that the rules look at. */
export interface SourceTree {
  /** Names at the top of the repository; folders end in a slash. */
  readonly topLevel: readonly string[];
  readonly files: readonly SourceFile[];
  /** Packages that package.json names: what runs on a gateway, and what only builds and tests. */
  readonly dependencies: ReadonlySet<string>;
  readonly devDependencies: ReadonlySet<string>;
}

/** One broken rule. */
export interface Finding {
  readonly path: string;
  readonly line: number;
  readonly rule: string;
  readonly message: string;
}

const IGNORED = new Set(['node_modules', 'dist', 'build', 'coverage', 'generated', '.git']);
const SOURCE = /\.(ts|mjs|cjs|js|c|h)$/;

/** Reads the tree under `root`. Generated files, builds and packages are not ours to judge. */
export function readSourceTree(root: string): SourceTree {
  const topLevel = readdirSync(root, { withFileTypes: true })
    .filter(entry => !IGNORED.has(entry.name))
    .map(entry => (entry.isDirectory() ? `${entry.name}/` : entry.name));
  const files = topLevel
    .filter(name => name.endsWith('/') && !name.startsWith('.'))
    .flatMap(name => listSources(root, name.slice(0, -1)))
    .map(path => sourceFile(path, readFileSync(join(root, path), 'utf8')));
  const manifest: unknown = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return {
    topLevel,
    files,
    dependencies: namesIn(manifest, 'dependencies'),
    devDependencies: namesIn(manifest, 'devDependencies'),
  };
}

/** Returns a file with its scan. */
export function sourceFile(path: string, text: string): SourceFile {
  return { path, text, scan: scanModule(/\.(c|h)$/.test(path) ? '' : text) };
}

function listSources(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap(entry => {
    if (IGNORED.has(entry.name)) return [];
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return listSources(root, path);
    return SOURCE.test(entry.name) ? [path] : [];
  });
}

function namesIn(manifest: unknown, field: string): Set<string> {
  if (typeof manifest !== 'object' || manifest === null) return new Set();
  const value: unknown = Object.getOwnPropertyDescriptor(manifest, field)?.value;
  return new Set(typeof value === 'object' && value !== null ? Object.keys(value) : []);
}
