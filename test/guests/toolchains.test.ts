import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { guestCatalog } from '../../scripts/guests/catalog-io.ts';
import { GuestBuildError } from '../../scripts/guests/errors.ts';
import { withExportNames } from '../../scripts/guests/export-names.ts';
import { findWasiRust, RUST_PACKAGES } from '../../scripts/guests/rust-toolchain-io.ts';
import { bundleGuest } from '../../scripts/guests/typescript-guest-io.ts';
import { buildGuests } from '../../scripts/guests.ts';
import { installHint, missingTools } from '../../scripts/test/tools.ts';

const toolchains = suite('guests: toolchains');
const project = join(import.meta.dirname, '../..');

const withFolder = async (test: (folder: string) => Promise<void>): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'airssys-toolchains-'));
  try {
    await test(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
};

/** A core module that exports a memory, and 200 functions `x0` to `x199`. */
const module = (): Uint8Array => {
  const exported = Array.from({ length: 200 }, (_, index) => {
    const name = Buffer.from(`x${index}`);
    return Buffer.concat([Buffer.from([name.length]), name, Buffer.from([0, 0])]);
  });
  const memory = Buffer.from([6, ...Buffer.from('memory'), 2, 0]);
  const exports = Buffer.concat([Buffer.from([0xc9, 0x01]), memory, ...exported]);
  const size = Buffer.from([(exports.length & 0x7f) | 0x80, exports.length >> 7]);
  return Buffer.concat([
    Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]),
    ...[Buffer.from([1, 4, 1, 0x60, 0, 0]), Buffer.from([3, 2, 1, 0])],
    ...[Buffer.from([5, 3, 1, 0, 0]), Buffer.from([7]), size, exports],
    Buffer.from([10, 4, 1, 2, 0, 0x0b]),
  ]);
};

toolchains('exports get the names they are to have, the others keep theirs', () => {
  const names = new Map([
    ['x0', 'airssys:lifecycle/controller@0.1.0#start'],
    ['x199', `cabi_post_${'n'.repeat(200)}`],
  ]);
  const renamed = new WebAssembly.Module(withExportNames(module(), names));
  const exports = WebAssembly.Module.exports(renamed).map(({ name }) => name);
  assert.is(exports.length, 201);
  assert.is(exports[0], 'memory');
  assert.is(exports[1], names.get('x0'));
  assert.is(exports[2], 'x1');
  assert.is(exports[200], names.get('x199'));
});

toolchains('a Rust compiler counts only with the library for WASI beside it', () =>
  withFolder(async folder => {
    const bare = join(folder, 'bare/bin');
    const whole = join(folder, 'whole/bin');
    const library = join(folder, 'whole/lib/rustlib/wasm32-wasi/lib/self-contained');
    for (const each of [bare, whole, library]) await mkdir(each, { recursive: true });
    for (const each of [bare, whole]) await writeFile(join(each, 'rustc'), '', { mode: 0o755 });
    await writeFile(join(library, 'crt1-reactor.o'), '');
    const found = findWasiRust([bare, whole].join(delimiter));
    assert.is(found?.compiler, join(whole, 'rustc'));
    assert.is(found?.target, 'wasm32-wasi');
    assert.is(findWasiRust(bare), null);
    assert.equal(missingTools(['rustc-wasi'], bare), ['rustc-wasi']);
    assert.equal(missingTools(['rustc-wasi'], whole), []);
    assert.is(installHint('rustc-wasi'), `apt-get install ${RUST_PACKAGES}`);
  }),
);

toolchains('a Rust guest without a compiler is refused with what to install', () =>
  withFolder(async folder => {
    await mkdir(join(folder, 'test/fixtures/guests'), { recursive: true });
    await symlink(join(project, 'wit'), join(folder, 'wit'));
    await writeFile(join(folder, 'package.json'), '{}');
    await writeFile(join(folder, 'test/fixtures/guests/absent.rs'), 'fn none() {}\n');
    const path = process.env.PATH;
    process.env.PATH = folder;
    try {
      await buildGuests(['absent'], { project: folder });
      assert.unreachable('it was built');
    } catch (error) {
      assert.ok(error instanceof GuestBuildError, String(error));
      assert.is(error.code, 'GUEST_TOOL_MISSING');
      assert.match(error.message, RUST_PACKAGES);
    } finally {
      process.env.PATH = path;
    }
  }),
);

toolchains('every language has its conformance controller', async () => {
  const catalog = await guestCatalog(project);
  const found = [...catalog.values()].filter(({ name }) => name.startsWith('conformance-'));
  for (const { name, language } of found) assert.is(name, `conformance-${language}`);
  const languages = found.map(({ language }) => language).sort();
  assert.equal(languages, ['assemblyscript', 'c', 'cpp', 'rust', 'typescript', 'wat']);
});

toolchains('a module that several files import is imported once', async () => {
  const path = join(project, 'test/fixtures/guests/conformance/controller.ts');
  const { world } = await bundleGuest(path, project);
  assert.is(new Set(world.imports).size, world.imports.length);
  assert.is(world.imports.length, 12);
});

toolchains.run();
