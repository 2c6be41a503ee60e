import { lineAt } from './module-scan.ts';
import type { Finding, SourceFile, SourceTree } from './source-tree.ts';

const EFFECTFUL_PLACES =
  /^(drivers\/|runtime\/(storage|entry|compose)\/|scripts\/|test\/)|-io\.ts$/;
const EFFECTFUL_PLACES_TEXT = 'drivers, storage, entry, compose and *-io.ts';
const EFFECTFUL_MODULES = new Set(
  (
    'child_process cluster dgram dns dns/promises ffi fs fs/promises http http2 https inspector ' +
    'net os perf_hooks process readline readline/promises repl sqlite timers timers/promises tls ' +
    'tty vm wasi worker_threads'
  ).split(' '),
);
const EFFECTFUL_GLOBALS: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/(?<![.\w$])Date\.now\b|\bnew Date\(\s*\)|\bperformance\.now\b/g, 'take a Clock'],
  [/(?<![.\w$])(setTimeout|setInterval|setImmediate)\s*\(/g, 'take a Clock'],
  [/(?<![.\w$'"])process\.\w+/g, 'take what you need as an argument'],
  [/(?<![.\w$])console\.\w+/g, 'take a Log'],
  [/(?<![.\w$])Math\.random\b|\b(randomBytes|randomUUID|getRandomValues)\b/g, 'take a Random'],
  [/(?<![.\w$])(fetch|WebSocket|EventSource)\s*\(/g, 'use a port'],
];

/** Effects: clocks, timers, files, sockets and processes appear only at the edge. */
export function checkEffects({ files }: SourceTree): Finding[] {
  return files
    .filter(({ path }) => /^(runtime|capabilities|wit)\//.test(path))
    .filter(({ path }) => !EFFECTFUL_PLACES.test(path))
    .flatMap(file => [...moduleFindings(file), ...globalFindings(file)]);
}

/** State: nothing that changes lives outside of functions and objects. */
export function checkModuleState({ files }: SourceTree): Finding[] {
  return files
    .filter(({ path }) => /^(runtime|drivers|capabilities)\/.*\.ts$/.test(path))
    .flatMap(({ path, scan }) =>
      [...scan.code.matchAll(/^(export )?(let|var) ([\w$]+)/gm)].map(match => ({
        path,
        line: lineAt(scan.code, match.index),
        rule: 'state',
        message: `${match[3]} is mutable state of the whole module; pass it as an object instead`,
      })),
    );
}

function moduleFindings({ path, scan }: SourceFile): Finding[] {
  return scan.imports
    .filter(({ specifier, typeOnly }) => {
      return !typeOnly && EFFECTFUL_MODULES.has(specifier.replace(/^node:/, ''));
    })
    .map(({ specifier, line }) => ({
      path,
      line,
      rule: 'effects',
      message: `${specifier} only in ${EFFECTFUL_PLACES_TEXT}`,
    }));
}

function globalFindings({ path, scan }: SourceFile): Finding[] {
  return EFFECTFUL_GLOBALS.flatMap(([pattern, instead]) =>
    [...scan.code.matchAll(pattern)].map(match => ({
      path,
      line: lineAt(scan.code, match.index),
      rule: 'effects',
      message: `${match[0].trim()} only in ${EFFECTFUL_PLACES_TEXT}: ${instead}`,
    })),
  );
}
