import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { RUNTIME_VERSION } from '../../runtime/base/runtime-version.ts';
import {
  authorityIn,
  type Bundle,
  bundledPackages,
  bundleEntries,
} from '../../scripts/bundle/bundles.ts';
import { installedPackages, noticesDocument } from '../../scripts/bundle/licences.ts';

const ROOT = join(import.meta.dirname, '..', '..');

const bundles = suite('house/bundles');

bundles('refuses a powerless bundle that holds code with authority', () => {
  const inputs = ['runtime/entry/worker.ts', 'runtime/linker/index.ts', 'drivers/mqtt/client.ts'];
  const worker = bundle('runtime/entry/worker.ts', inputs);
  assert.equal(authorityIn([worker]), ['dist/worker.js holds drivers/mqtt/client.ts']);
  assert.equal(authorityIn([bundle('runtime/entry/gatewayd.ts', inputs)]), []);
  assert.equal(authorityIn([bundle('runtime/entry/worker.ts', inputs.slice(0, 2))]), []);
});

bundles('holds no authority in any powerless program of this repository', async () => {
  const found = await bundleEntries(ROOT, 'dist', { write: false });
  assert.ok(found.length > 0);
  assert.equal(authorityIn(found), []);
});

bundles('names each package in a bundle once, nested and scoped ones too', () => {
  const inputs = [
    'runtime/entry/cli.ts',
    'node_modules/semver/index.js',
    'node_modules/semver/classes/range.js',
    'node_modules/@noble/ed25519/index.js',
    'node_modules/mqtt/node_modules/debug/src/node.js',
  ];
  const names = bundledPackages([bundle('runtime/entry/cli.ts', inputs)]);
  assert.equal(names, ['@noble/ed25519', 'debug', 'semver']);
});

bundles('installs serialport on a gateway, and no tool of development', () => {
  const names = installedPackages(ROOT);
  assert.ok(names.includes('serialport'));
  for (const name of ['typescript', 'uvu', 'mqtt', '@bytecodealliance/jco']) {
    assert.not.ok(names.includes(name), name);
  }
});

bundles('prints each licence text once, with all packages it covers', () => {
  const text = 'Permission is granted.';
  const document = noticesDocument([
    { name: 'a', version: '1.0.0', licence: 'MIT', text },
    { name: 'b', version: '2.0.0', licence: 'MIT', text },
    { name: 'c', version: '3.0.0', licence: 'ISC', text: '' },
  ]);
  assert.is(document.split(text).length, 2);
  assert.match(document, /^## a, b$/m);
  assert.match(document, /^\| c \| 3\.0\.0 \| ISC \|$/m);
});

bundles('says one version everywhere', () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  assert.is(RUNTIME_VERSION, version);
});

bundles.run();

function bundle(entry: string, inputs: readonly string[]): Bundle {
  const output = entry.replace('runtime/entry', 'dist').replace('.ts', '.js');
  return { entry, output, bytes: 1, inputs };
}
