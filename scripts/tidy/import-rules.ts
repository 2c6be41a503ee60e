import { builtinModules } from 'node:module';
import { posix } from 'node:path';
import { areaOf, generalArea, mayImport, POWERFUL_AREAS, POWERLESS_ENTRIES } from './layers.ts';
import type { Import } from './module-scan.ts';
import type { Finding, SourceFile, SourceTree } from './source-tree.ts';

const BUILTINS = new Set(builtinModules);

/**
 * Packages that become part of our bundles. They are devDependencies, so that nobody installs them
 * a second time beside the bundle; `dependencies` names what cannot be bundled.
 */
const BUNDLED_PACKAGES = new Set([
  '@noble/ed25519',
  'aedes',
  'cbor-x',
  'commander',
  'lru-cache',
  'mqtt',
  'pino',
  'prom-client',
  'semver',
  'smol-toml',
  'valibot',
]);

/** Layers: an import that ARCHITECTURE.md does not draw is refused, types included. */
export function checkLayers({ files }: SourceTree): Finding[] {
  return files.flatMap(file => {
    const from = areaOf(file.path);
    if (from === null) {
      const message = 'this folder has no place in the table of ARCHITECTURE.md';
      return [{ path: file.path, line: 1, rule: 'layers', message }];
    }
    return file.scan.imports.flatMap(item => {
      const target = resolveImport(file.path, item);
      if (target === null) return [];
      const to = areaOf(target);
      if (to !== null && mayImport(from, to)) return [];
      const message = `${from} may not import ${to ?? target}`;
      return [{ path: file.path, line: item.line, rule: 'layers', message }];
    });
  });
}

/** Cycles: no file may reach itself through imports, types included. */
export function checkCycles(tree: SourceTree): Finding[] {
  const graph = importGraph(tree, () => true);
  const findings: Finding[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) {
      const cycle = [...trail.slice(start), path].join(' -> ');
      findings.push({ path, line: 1, rule: 'cycles', message: cycle });
      return;
    }
    if (done.has(path)) return;
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  return findings;
}

/** Reachability: processes that run what strangers wrote never load code that gives authority. */
export function checkReachability(tree: SourceTree): Finding[] {
  const graph = importGraph(tree, item => !item.typeOnly);
  return POWERLESS_ENTRIES.filter(entry => graph.has(entry)).flatMap(entry => {
    const trails = trailsFrom(entry, graph);
    return [...trails]
      .filter(([path]) => POWERFUL_AREAS.includes(generalArea(areaOf(path) ?? '')))
      .map(([, trail]) => ({
        path: entry,
        line: 1,
        rule: 'reachability',
        message: trail.join(' -> '),
      }));
  });
}

/** What guests import from the gateway; the compiler refuses one that the contract has not. */
const CONTRACT_MODULE = /^(?:airssys|wasi):/;
/** The kit, and guests of the tests. */
const RUNS_IN_GUEST = /^(?:wit\/sdk|test\/fixtures\/guests)\//;

/** Packages: what runs on a gateway imports only what is bundled or installed there. */
export function checkPackages(tree: SourceTree): Finding[] {
  return tree.files.flatMap(file => {
    const onGateway = /^(runtime|drivers|capabilities)\//.test(file.path);
    return file.scan.imports.flatMap(item => {
      const name = packageName(item.specifier);
      if (name === null || tree.dependencies.has(name)) return [];
      if (RUNS_IN_GUEST.test(file.path) && CONTRACT_MODULE.test(item.specifier)) return [];
      const isDev = tree.devDependencies.has(name);
      if (isDev && (!onGateway || item.typeOnly || BUNDLED_PACKAGES.has(name))) return [];
      const message = isDev ? `${name} is for development only` : `${name} is not in package.json`;
      return [{ path: file.path, line: item.line, rule: 'packages', message }];
    });
  });
}

/** Unused: a value that is exported is imported somewhere. */
export function checkUnusedExports({ files }: SourceTree): Finding[] {
  const used = new Set<string>();
  for (const file of files) {
    for (const item of file.scan.imports) {
      const target = resolveImport(file.path, item);
      if (target !== null) for (const name of item.names) used.add(`${target} ${name}`);
    }
  }
  return files
    .filter(({ path }) => /^(runtime|drivers|capabilities|scripts)\//.test(path))
    .flatMap(({ path, scan }) =>
      used.has(`${path} *`)
        ? []
        : scan.exports
            .filter(({ name, kind }) => kind === 'value' && !used.has(`${path} ${name}`))
            .map(({ name, line }) => ({
              path,
              line,
              rule: 'unused',
              message: `${name} is exported, and nobody imports it`,
            })),
    );
}

function resolveImport(from: string, { specifier }: Import): string | null {
  if (!specifier.startsWith('.')) return null;
  return posix.join(posix.dirname(from), specifier);
}

function importGraph(tree: SourceTree, counts: (item: Import) => boolean): Map<string, string[]> {
  const known = new Set(tree.files.map(file => file.path));
  return new Map(tree.files.map(file => [file.path, targets(file, known, counts)]));
}

function targets(
  file: SourceFile,
  known: ReadonlySet<string>,
  counts: (item: Import) => boolean,
): string[] {
  return file.scan.imports
    .filter(counts)
    .map(item => resolveImport(file.path, item))
    .filter(path => path !== null)
    .filter(path => known.has(path));
}

function trailsFrom(entry: string, graph: ReadonlyMap<string, string[]>): Map<string, string[]> {
  const trails = new Map<string, string[]>([[entry, [entry]]]);
  for (const [path, trail] of trails) {
    for (const next of graph.get(path) ?? []) {
      if (!trails.has(next)) trails.set(next, [...trail, next]);
    }
  }
  return trails;
}

function packageName(specifier: string): string | null {
  if (/^(\.|node:|#)/.test(specifier) || BUILTINS.has(specifier)) return null;
  const parts = specifier.split('/');
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
}
