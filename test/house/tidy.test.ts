import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { checkEffects, checkModuleState } from '../../scripts/tidy/effect-rules.ts';
import {
  checkCycles,
  checkLayers,
  checkPackages,
  checkReachability,
  checkUnusedExports,
} from '../../scripts/tidy/import-rules.ts';
import { areaNames } from '../../scripts/tidy/layers.ts';
import { ALL_RULES } from '../../scripts/tidy/rules.ts';
import {
  checkExports,
  checkNames,
  checkSizes,
  checkTestFiles,
  checkTopLevel,
} from '../../scripts/tidy/shape-rules.ts';
import { type Finding, type SourceTree, sourceFile } from '../../scripts/tidy/source-tree.ts';

const ROOT = join(import.meta.dirname, '..', '..');
type Rule = (tree: SourceTree) => Finding[];

const tidy = suite('house/tidy');

tidy('says nothing about a tree that keeps every rule', () => {
  const clean = tree({
    'runtime/base/bytes.ts': '/** Doc. */\nexport const BYTES = 1;\n',
    'runtime/ports/clock.ts': "import { BYTES } from '../base/bytes.ts';\nBYTES;\n",
    'drivers/clock/clock.ts': "import '../../runtime/ports/clock.ts';\nprocess.uptime();\n",
    'test/base/bytes.test.ts':
      "import { suite } from 'uvu';\nconst b = suite('b');\nb('one', () => {});\nb.run();\n",
  });
  for (const rule of ALL_RULES) assert.equal(rule(clean), []);
});

tidy('refuses imports that the table of layers does not draw', () => {
  refuses(checkLayers, 'runtime/base/a.ts', "import '../ports/clock.ts';");
  refuses(checkLayers, 'runtime/linker/a.ts', "import type { A } from '../storage/a.ts';");
  refuses(checkLayers, 'runtime/components/a.ts', "import { a } from '../deploy/a.ts';");
  refuses(checkLayers, 'runtime/actors/a.ts', "import { a } from '../transport/a.ts';");
  refuses(checkLayers, 'drivers/mqtt/a.ts', "import { a } from '../serial/a.ts';");
  refuses(
    checkLayers,
    'runtime/control/a.ts',
    "const a = await import('../../drivers/mqtt/a.ts');",
  );
  refuses(checkLayers, 'runtime/signing/a.ts', "export { a } from '../manifest/a.ts';");
  refuses(checkLayers, 'wit/sdk/a.ts', "import { a } from '../../runtime/base/a.ts';");
  refuses(checkLayers, 'runtime/cli/a.ts', "import { a } from '../../scripts/a.ts';");
  refuses(checkLayers, 'runtime/unheard-of/a.ts', '');
});

tidy('allows imports that the table draws', () => {
  accepts(checkLayers, 'runtime/manifest/a.ts', "import { a } from '../signing/a.ts';");
  accepts(checkLayers, 'runtime/compose/a.ts', "import { a } from '../../drivers/mqtt/a.ts';");
  accepts(checkLayers, 'capabilities/guards/a.ts', "import { a } from '../grammar/a.ts';");
  accepts(checkLayers, 'scripts/a.ts', "import { a } from '../runtime/control/a.ts';");
});

tidy('is not misled by imports in comments, strings, templates and regular expressions', () => {
  accepts(checkLayers, 'runtime/base/a.ts', "// import '../ports/clock.ts';");
  accepts(checkLayers, 'runtime/base/a.ts', "/*\nimport '../ports/clock.ts';\n*/");
  accepts(checkLayers, 'runtime/base/a.ts', "const a = `\nimport '../ports/clock.ts';\n`;");
  accepts(checkLayers, 'runtime/base/a.ts', 'const a = "import(\'../ports/clock.ts\')";');
  const hidden = "const a = /[/`]/; const b = 4 / 2;\nimport '../ports/clock.ts';";
  refuses(checkLayers, 'runtime/base/a.ts', hidden);
  const nested = "const a = `\x24{`\x24{'`'}`}`;\nimport '../ports/clock.ts';";
  refuses(checkLayers, 'runtime/base/a.ts', nested);
});

tidy('knows exactly the areas of the table in ARCHITECTURE.md', () => {
  const text = readFileSync(join(ROOT, 'ARCHITECTURE.md'), 'utf8');
  const start = text.indexOf('\n## Layers');
  const section = text.slice(start, text.indexOf('\n## ', start + 1));
  const named = new Set(section.match(/\b(?:wit|drivers|capabilities|runtime)\/[\w-]+/g));
  for (const group of section.matchAll(/runtime\/\{([^}]+)\}/g)) {
    for (const name of (group[1] ?? '').split(',')) named.add(`runtime/${name}`);
  }
  const outside = new Set(['drivers', 'scripts', 'test', 'firmware-manifests']);
  assert.equal(
    [...named].sort(),
    areaNames()
      .filter(area => !outside.has(area))
      .sort(),
  );
});

tidy('refuses cycles, through types too, and shows the way round', () => {
  const findings = checkCycles(
    tree({
      'runtime/base/a.ts': "import { b } from './b.ts';\n",
      'runtime/base/b.ts': "import type { C } from './c.ts';\n",
      'runtime/base/c.ts': "export { a } from './a.ts';\n",
    }),
  );
  assert.is(findings.length, 1);
  const { message = '' } = findings[0] ?? {};
  assert.is(message.split(' -> ').length, 4);
});

tidy('refuses powerless entries that reach authority, and shows how', () => {
  const files = {
    'runtime/entry/worker.ts': "import { a } from '../components/a.ts';\n",
    'runtime/components/a.ts': "import { b } from '../storage/b.ts';\n",
    'runtime/storage/b.ts': '',
  };
  const [finding] = checkReachability(tree(files));
  assert.is(
    finding?.message,
    'runtime/entry/worker.ts -> runtime/components/a.ts -> runtime/storage/b.ts',
  );
  const typesOnly = {
    ...files,
    'runtime/components/a.ts': "import type { B } from '../storage/b.ts';\n",
  };
  assert.equal(checkReachability(tree(typesOnly)), []);
});

tidy('refuses packages that package.json does not bring to where the code runs', () => {
  refuses(checkPackages, 'runtime/base/a.ts', "import left from 'left-pad';");
  refuses(checkPackages, 'drivers/mqtt/a.ts', "import { suite } from 'uvu';");
  accepts(checkPackages, 'drivers/mqtt/a.ts', "import mqtt from 'mqtt/dist/mqtt';");
  accepts(checkPackages, 'drivers/serial/a.ts', "import { SerialPort } from 'serialport';");
  accepts(checkPackages, 'test/a.ts', "import { suite } from 'uvu';");
  accepts(checkPackages, 'drivers/mqtt/a.ts', "import { readFileSync } from 'node:fs';");
});

tidy('lets the kit, and nobody else, import interfaces of the contract', () => {
  const line = "import { write } from 'airssys:gpio/digital@0.1.0';";
  accepts(checkPackages, 'wit/sdk/a.ts', line);
  refuses(checkPackages, 'runtime/base/a.ts', line);
  refuses(checkPackages, 'wit/sdk/a.ts', "import left from 'left-pad';");
});

tidy('refuses effects away from the edge', () => {
  refuses(checkEffects, 'runtime/deploy/a.ts', "import { readFileSync } from 'node:fs';");
  refuses(checkEffects, 'runtime/linker/a.ts', "import net from 'net';");
  refuses(checkEffects, 'runtime/actors/a.ts', 'const now = Date.now();');
  refuses(checkEffects, 'runtime/actors/a.ts', 'const now = new Date();');
  refuses(checkEffects, 'runtime/actors/a.ts', 'setTimeout(() => {}, 5);');
  refuses(checkEffects, 'capabilities/guards/a.ts', "const home = process.env['HOME'];");
  refuses(checkEffects, 'runtime/actors/a.ts', 'const text = `\x24{process.pid}`;');
  refuses(checkEffects, 'runtime/actors/a.ts', "console.log('hello');");
  refuses(checkEffects, 'runtime/actors/a.ts', 'const dice = Math.random();');
});

tidy('allows effects at the edge, and what only looks like one', () => {
  accepts(checkEffects, 'runtime/storage/a.ts', "import { readFileSync } from 'node:fs';");
  accepts(checkEffects, 'runtime/deploy/journal-io.ts', "import { readFileSync } from 'node:fs';");
  accepts(checkEffects, 'runtime/actors/a.ts', "import type { Socket } from 'node:net';");
  accepts(checkEffects, 'runtime/actors/a.ts', 'clock.setTimeout(5); // not setTimeout(5)');
  accepts(checkEffects, 'runtime/actors/a.ts', "const text = 'process.exit()';");
  accepts(checkEffects, 'runtime/actors/a.ts', 'const text = new Date(timeMs).toISOString();');
});

tidy('refuses mutable state of a whole module', () => {
  refuses(checkModuleState, 'runtime/actors/a.ts', 'let count = 0;');
  accepts(checkModuleState, 'runtime/actors/a.ts', 'function f() {\n  let count = 0;\n}');
});

tidy('refuses names that say nothing or are not kebab-case', () => {
  refuses(checkNames, 'runtime/base/utils.ts', '');
  refuses(checkNames, 'runtime/base/string-helpers.ts', '');
  refuses(checkNames, 'runtime/actors/restart-manager.ts', '');
  refuses(checkNames, 'runtime/base/data.ts', '');
  refuses(checkNames, 'runtime/base/ByteReader.ts', '');
  accepts(checkNames, 'runtime/base/byte-reader.ts', '');
  accepts(checkNames, 'test/a/line-data.needs-socat.test.ts', '');
});

tidy('refuses long files and wide lines', () => {
  refuses(checkSizes, 'runtime/base/a.ts', 'a;\n'.repeat(501));
  accepts(checkSizes, 'runtime/base/a.ts', 'a;\n'.repeat(500));
  refuses(checkSizes, 'runtime/base/a.ts', 'a'.repeat(101));
  accepts(checkSizes, 'runtime/base/a.ts', 'a'.repeat(100));
  accepts(checkSizes, 'runtime/base/a.ts', `// https://${'a'.repeat(120)}`);
});

tidy('refuses exports that are undocumented, default, or a star', () => {
  refuses(checkExports, 'runtime/base/a.ts', 'export const A = 1;');
  refuses(checkExports, 'runtime/base/a.ts', '// not a doc comment\nexport async function a() {}');
  refuses(checkExports, 'runtime/base/a.ts', 'export interface A {}');
  refuses(checkExports, 'runtime/base/a.ts', '/** Doc. */\nexport default class A {}');
  refuses(checkExports, 'runtime/base/index.ts', "export * from './a.ts';");
  accepts(checkExports, 'runtime/base/a.ts', '/** Doc. */\nexport const A = 1;');
  accepts(
    checkExports,
    'runtime/base/a.ts',
    '/** Doc. */\nexport function a(b: 1): 1;\nexport function a(b: 2): 2;',
  );
});

tidy('refuses exported values that nobody imports', () => {
  const lonely = { 'runtime/base/a.ts': '/** Doc. */\nexport const A = 1;\n' };
  assert.is(checkUnusedExports(tree(lonely)).length, 1);
  const used = { ...lonely, 'test/a.ts': "import { A as B } from '../runtime/base/a.ts';\n" };
  assert.equal(checkUnusedExports(tree(used)), []);
});

tidy('refuses test files whose tests would not run', () => {
  const head = "import { suite } from 'uvu';\nconst t = suite('t');\n";
  const one = "t('one', () => {});\n";
  accepts(checkTestFiles, 'test/a.test.ts', `${head}${one}t.run();\n`);
  refuses(checkTestFiles, 'test/a.test.ts', `${head}${one}`);
  refuses(checkTestFiles, 'test/a.test.ts', `${head}t.run();\n${one}`);
  refuses(checkTestFiles, 'test/a.test.ts', `${head}t.only('one', () => {});\nt.run();\n`);
  refuses(checkTestFiles, 'test/a.test.ts', `${head}${one}const u = suite('u');\nt.run();\n`);
  refuses(checkTestFiles, 'test/a.test.ts', "import { test } from 'uvu';\ntest.run();\n");
});

tidy('refuses anything at the top that the project did not agree on', () => {
  const topLevel = ['runtime/', 'README.md', '.npmrc', 'src/', 'notes.md'];
  const paths = checkTopLevel({ ...tree({}), topLevel }).map(({ path }) => path);
  assert.equal(paths, ['src/', 'notes.md']);
});

tidy.run();

function tree(files: Record<string, string>): SourceTree {
  return {
    topLevel: ['runtime/'],
    files: Object.entries(files).map(([path, text]) => sourceFile(path, text)),
    dependencies: new Set(['serialport']),
    devDependencies: new Set(['mqtt', 'uvu']),
  };
}

function refuses(rule: Rule, path: string, text: string): void {
  const findings = rule(tree({ [path]: text }));
  assert.is(findings.length, 1, `${path}: ${text} gave ${JSON.stringify(findings)}`);
}

function accepts(rule: Rule, path: string, text: string): void {
  assert.equal(rule(tree({ [path]: text })), []);
}
