import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { componentEmbed } from '@bytecodealliance/jco';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { generatedFiles, staleFiles } from '../../scripts/generate.ts';
import { worldText } from '../../scripts/guests/world.ts';
import { CONTRACT_WORLD, tableDigest } from '../../scripts/wit/contract-file.ts';
import { parseSources, readWitSources } from '../../scripts/wit/sources-io.ts';
import { WARM_UP_SOURCE } from '../../scripts/wit/warm-up-file.ts';
import {
  contractDigest,
  contractExports,
  contractImports,
  exportFunctions,
  exportIds,
  importFunctions,
  importIds,
} from '../../wit/generated/contract.ts';

const generated = suite('wit: generated files');
const project = join(import.meta.dirname, '../..');

generated('are what the sources say', async () => {
  assert.equal(await staleFiles(project), []);
});

generated('are found stale after a change of the sources', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'airssys-generate-'));
  try {
    for (const { path, text } of await readWitSources(join(project, 'wit'))) {
      await mkdir(dirname(join(folder, 'wit', path)), { recursive: true });
      const changed = text.replace(
        'set-timeout: func(name: string, delay-ms: u32)',
        'set-timeout: func(name: string, delay-ms: u64)',
      );
      await writeFile(join(folder, 'wit', path), changed);
    }
    for (const path of (await generatedFiles(project)).keys()) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), await readFile(join(project, path)));
    }
    const wat = await readFile(join(project, WARM_UP_SOURCE), 'utf8');
    await writeFile(
      join(folder, WARM_UP_SOURCE),
      wat.replace('(i32.const 512)', '(i32.const 520)'),
    );
    assert.equal(await staleFiles(folder), [
      'wit/generated/contract.ts',
      'wit/generated/host.ts',
      'wit/generated/warm-up.ts',
      'wit/generated/c/airssys.h',
      'wit/generated/c/airssys_shim.c',
      'wit/generated/rust/airssys.rs',
      'wit/generated/assemblyscript/airssys.as',
    ]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

generated('ids are places in the flattened lists', () => {
  for (const [name, id] of Object.entries(importIds)) {
    const found = importFunctions[id];
    assert.is(`${found?.interface}#${found?.function.name}`, name);
  }
  for (const [name, id] of Object.entries(exportIds)) {
    const found = exportFunctions[id];
    assert.is(`${found?.interface}#${found?.function.name}`, name);
  }
  assert.is(Object.keys(importIds).length, importFunctions.length);
  assert.is(Object.keys(exportIds).length, exportFunctions.length);
  assert.ok('wasi:keyvalue/store@0.2.0-draft2#[resource-drop]bucket' in importIds);
});

generated('the digest follows the table', () => {
  const table = { imports: contractImports, exports: contractExports };
  assert.is(contractDigest, tableDigest(table));
  assert.is.not(contractDigest, tableDigest({ ...table, exports: contractExports.slice(1) }));
});

generated('every world of the sources is accepted by the reference tools', async () => {
  const sources = await readWitSources(join(project, 'wit'));
  for (const world of parseSources(sources).worlds.values()) {
    const witSource = worldText(sources, world);
    const core = await componentEmbed({ witSource, world: 'controller', dummy: true });
    const module = new WebAssembly.Module(new Uint8Array(core));
    const count = WebAssembly.Module.imports(module).length;
    const drops = world.name === CONTRACT_WORLD ? importFunctions.length : count;
    assert.is(count, drops, world.name);
  }
});

generated.run();
