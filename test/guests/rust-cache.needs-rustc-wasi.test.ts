import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { errorCode } from '../../runtime/base/errors.ts';
import { requireWasiRust, rustVersion } from '../../scripts/guests/rust-toolchain-io.ts';
import { buildGuests } from '../../scripts/guests.ts';

const test = suite('guests: what a Rust compiler built');

const NAME = 'conformance-rust';
const project = join(import.meta.dirname, '../..');
const path = process.env.PATH ?? '';
const folder = await mkdtemp(join(tmpdir(), 'airssys-rust-'));

test.after(async () => {
  process.env.PATH = path;
  await rm(folder, { recursive: true });
});

test('another version of the compiler builds again', async () => {
  const built = (await buildGuests([NAME])).get(NAME) ?? '';
  const output = join(folder, 'output');
  await cp(built, join(output, `${NAME}.wasm`));
  await cp(built.replace(/wasm$/, 'key'), join(output, `${NAME}.key`));
  // The copy counts as built.
  await buildGuests([NAME], { project, output });

  // A compiler of another version, which builds nothing: that it was asked to is enough.
  const { compiler } = requireWasiRust();
  await mkdir(join(folder, 'bin'));
  await mkdir(join(folder, 'lib'));
  await symlink(join(dirname(compiler), '../lib/rustlib'), join(folder, 'lib/rustlib'));
  const script = '#!/bin/sh\n[ "$1" = -vV ] && echo "rustc 9.9.9" && exit 0\nexit 3\n';
  await writeFile(join(folder, 'bin/rustc'), script, { mode: 0o755 });
  process.env.PATH = [join(folder, 'bin'), path].join(delimiter);
  assert.match(rustVersion(process.env.PATH), /^rustc 9\.9\.9\nwasm32-/);
  const code = await buildGuests([NAME], { project, output }).then(() => 'kept', errorCode);
  assert.is(code, 'GUEST_COMPILE_FAILED');
});

test('a compiler that does not tell its version is none', async () => {
  await writeFile(join(folder, 'bin/rustc'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  try {
    rustVersion(join(folder, 'bin'));
    assert.unreachable('it was taken');
  } catch (error) {
    assert.is(errorCode(error), 'GUEST_TOOL_MISSING');
  }
});

test.run();
