import { posix } from 'node:path';
import { lineAt } from './module-scan.ts';
import type { Finding, SourceFile, SourceTree } from './source-tree.ts';

const FILE_LINES_MAX = 500;
const LINE_COLUMNS_MAX = 100;
const KEBAB_CASE = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*$/;
const EMPTY_WORDS = new Set('utils util helpers helper manager misc'.split(' '));
const EMPTY_NAMES = new Set(['data', 'common', 'shared', 'lib']);
const TOP_LEVEL = new Set([
  'runtime/',
  'drivers/',
  'capabilities/',
  'wit/',
  'firmware-manifests/',
  'test/',
  'scripts/',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  'THIRD-PARTY-NOTICES.md',
  'LICENSE',
]);

/** Top level: only the folders and files the project agreed on, and dotfiles. */
export function checkTopLevel({ topLevel }: SourceTree): Finding[] {
  return topLevel
    .filter(name => !name.startsWith('.') && !TOP_LEVEL.has(name))
    .map(name => ({
      path: name,
      line: 1,
      rule: 'top-level',
      message: 'has no place at the top; CONTRIBUTING.md says what belongs where',
    }));
}

/** Sizes: files stay short enough to be read in one go, lines fit beside each other. */
export function checkSizes({ files }: SourceTree): Finding[] {
  return files.flatMap(({ path, text }) => {
    const lines = text.trimEnd().split('\n');
    const findings: Finding[] = [];
    if (lines.length > FILE_LINES_MAX) {
      const message = `${lines.length} lines; at most ${FILE_LINES_MAX}`;
      findings.push({ path, line: FILE_LINES_MAX, rule: 'size', message });
    }
    lines.forEach((line, index) => {
      if (line.length <= LINE_COLUMNS_MAX || /https?:\/\/\S+$/.test(line)) return;
      const message = `${line.length} columns; at most ${LINE_COLUMNS_MAX}`;
      findings.push({ path, line: index + 1, rule: 'size', message });
    });
    return findings;
  });
}

/** Names: kebab-case, and a noun that says what is in the file. */
export function checkNames({ files }: SourceTree): Finding[] {
  return files.flatMap(({ path }) => {
    const name = posix.basename(path, posix.extname(path));
    const words = name.split(/[-.]/);
    const empty = words.find(word => EMPTY_WORDS.has(word)) ?? [name].find(n => EMPTY_NAMES.has(n));
    if (empty !== undefined) {
      const message = `"${empty}" says nothing; name the file for what it exports`;
      return [{ path, line: 1, rule: 'names', message }];
    }
    return KEBAB_CASE.test(name)
      ? []
      : [{ path, line: 1, rule: 'names', message: 'file names are kebab-case' }];
  });
}

/** Exports: each has a doc comment, none is default, and an index lists names. */
export function checkExports({ files }: SourceTree): Finding[] {
  return files
    .filter(({ path }) => path.endsWith('.ts'))
    .flatMap(file => [...undocumented(file), ...defaults(file), ...stars(file)]);
}

/** Tests: one suite a file, and everything in it is registered before its `.run()`. */
export function checkTestFiles({ files }: SourceTree): Finding[] {
  return files
    .filter(({ path }) => path.startsWith('test/') && path.endsWith('.test.ts'))
    .flatMap(({ path, scan }) =>
      testFileProblems(scan.code).map(problem => ({ path, ...problem })),
    );
}

function testFileProblems(code: string): Omit<Finding, 'path'>[] {
  const rule = 'tests';
  const suites = [...code.matchAll(/^const ([\w$]+)(?:: [^=]+)? = suite(?:<[^>]*>)?\(/gm)];
  const [first] = suites;
  if (first === undefined || suites.length > 1) {
    return [{ line: 1, rule, message: `${suites.length} suites; each test file has one` }];
  }
  const name = first[1] ?? '';
  const runs = [...code.matchAll(new RegExp(`^${escapeName(name)}\\.run\\(\\);`, 'gm'))];
  const [run] = runs;
  if (run === undefined || runs.length > 1) {
    return [{ line: 1, rule, message: `${name}.run() stands ${runs.length} times; once is right` }];
  }
  const late = new RegExp(`^\\s*${escapeName(name)}(\\(|\\.(?!run\\())`, 'gm');
  const problems = [...code.matchAll(late)]
    .filter(match => match.index > run.index)
    .map(match => ({
      line: lineAt(code, match.index + match[0].search(/\S/)),
      rule,
      message: `registered after ${name}.run(), so it never runs`,
    }));
  for (const match of code.matchAll(new RegExp(`\\b${escapeName(name)}\\.only\\(`, 'g'))) {
    const message = '.only leaves the other tests out';
    problems.push({ line: lineAt(code, match.index), rule, message });
  }
  return problems;
}

function undocumented({ path, scan }: SourceFile): Finding[] {
  if (path.startsWith('test/')) return [];
  return scan.exports
    .filter(({ documented }) => !documented)
    .map(({ name, line }) => ({
      path,
      line,
      rule: 'docs',
      message: `${name} is exported without a doc comment`,
    }));
}

function defaults({ path, scan }: SourceFile): Finding[] {
  return [...scan.code.matchAll(/^export default\b|\bas default\b/gm)].map(match => ({
    path,
    line: lineAt(scan.code, match.index),
    rule: 'exports',
    message: 'no default exports: a thing has one name everywhere',
  }));
}

function stars({ path, scan }: SourceFile): Finding[] {
  return [...scan.code.matchAll(/^export \*/gm)].map(match => ({
    path,
    line: lineAt(scan.code, match.index),
    rule: 'exports',
    message: 'a public surface lists its names',
  }));
}

function escapeName(name: string): string {
  return name.replaceAll('$', '\\$');
}
