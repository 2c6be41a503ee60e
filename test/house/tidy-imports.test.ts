import { join } from 'node:path';
import { build } from 'esbuild';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { scanModule } from '../../scripts/tidy/module-scan.ts';
import { readSourceTree } from '../../scripts/tidy/source-tree.ts';

const ROOT = join(import.meta.dirname, '..', '..');

const imports = suite('house/tidy-imports');

imports('tells names, types and positions apart', () => {
  const { imports: found } = scanModule(
    [
      "import { a, type B, c as d } from './one.ts';",
      "import type { E } from './two.ts';",
      "import { type F } from './three.ts';",
      "import g, { h } from './four.ts';",
      "import * as i from './five.ts';",
      "import './six.ts';",
      "export { j } from './seven.ts';",
      "export type { K } from './eight.ts';",
      "const l = await import('./nine.ts');",
      "let m: import('./ten.ts').M;",
      'import {',
      '  n,',
      "} from './eleven.ts';",
    ].join('\n'),
  );
  assert.equal(
    found.toSorted((x, y) => x.line - y.line).map(i => [i.specifier, i.line, i.names, i.typeOnly]),
    [
      ['./one.ts', 1, ['a', 'B', 'c'], false],
      ['./two.ts', 2, ['E'], true],
      ['./three.ts', 3, ['F'], true],
      ['./four.ts', 4, ['h', 'default'], false],
      ['./five.ts', 5, ['*'], false],
      ['./six.ts', 6, [], false],
      ['./seven.ts', 7, ['j'], false],
      ['./eight.ts', 8, ['K'], true],
      ['./nine.ts', 9, ['*'], false],
      ['./ten.ts', 10, ['*'], true],
      ['./eleven.ts', 11, ['n'], false],
    ],
  );
});

imports('sees in every file that runs on a gateway what the bundler sees', async () => {
  const files = readSourceTree(ROOT).files.filter(({ path }) =>
    /^(runtime|drivers|capabilities)\/.*\.ts$/.test(path),
  );
  const seen = new Map(files.map(({ path }) => [path, new Set<string>()]));
  await build({
    absWorkingDir: ROOT,
    entryPoints: files.map(({ path }) => path),
    outdir: 'never-written',
    write: false,
    bundle: true,
    format: 'esm',
    platform: 'node',
    logLevel: 'silent',
    plugins: [
      {
        name: 'record-imports',
        setup({ onResolve }) {
          onResolve({ filter: /.*/ }, ({ path, importer, kind }) => {
            if (kind === 'entry-point') return null;
            seen.get(importer.slice(ROOT.length + 1))?.add(path);
            return { path, external: true };
          });
        },
      },
    ],
  });
  for (const { path, scan } of files) {
    const values = scan.imports.filter(item => !item.typeOnly).map(item => item.specifier);
    assert.equal([...new Set(values)].sort(), [...(seen.get(path) ?? [])].sort(), path);
  }
});

imports.run();
