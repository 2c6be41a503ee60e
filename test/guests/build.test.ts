import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { GuestCache } from '../../scripts/guests/cache-io.ts';
import { GuestBuildError, type GuestBuildErrorCode } from '../../scripts/guests/errors.ts';
import { withRealImports, withStandIns } from '../../scripts/guests/import-names.ts';
import { bundleGuest } from '../../scripts/guests/typescript-guest-io.ts';
import { buildGuests } from '../../scripts/guests.ts';

const guests = suite('guests: builds');
const project = join(import.meta.dirname, '../..');

const withFolder = async (test: (folder: string) => Promise<void>): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'airssys-guests-'));
  try {
    await test(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
};

const rejects = async (code: GuestBuildErrorCode, build: Promise<unknown>): Promise<void> => {
  const error = await build.then(
    () => null,
    (failure: unknown) => failure,
  );
  assert.ok(error instanceof GuestBuildError, String(error));
  assert.is(error.code, code);
};

guests('the same C source gives the same bytes', () =>
  withFolder(async folder => {
    const built = await buildGuests(['bench-sink']);
    const again = await buildGuests(['bench-sink'], { project, output: folder });
    const first = await readFile(built.get('bench-sink') ?? '');
    const second = await readFile(again.get('bench-sink') ?? '');
    assert.ok(first.equals(second));
  }),
);

// The engine's builder takes a snapshot that holds random seeds, so bytes of a component differ.
guests('the same TypeScript source gives the same bundle and the same world', async () => {
  const path = join(project, 'firmware-manifests/examples/thermostat/controller.ts');
  const first = await bundleGuest(path, project);
  assert.equal(first, await bundleGuest(path, project));
  assert.ok(first.inputs.includes(path));
});

guests('what is built is not built again, unless it was damaged', async () => {
  const path = (await buildGuests(['bench-sink-js'])).get('bench-sink-js') ?? '';
  const before = await readFile(path);
  const { mtimeMs } = await stat(path);
  await buildGuests(['bench-sink-js']);
  assert.is((await stat(path)).mtimeMs, mtimeMs);
  const cache = new GuestCache(join(path, '..'));
  const { key }: { key: string } = JSON.parse(await readFile(path.replace(/wasm$/, 'key'), 'utf8'));
  assert.is(await cache.has('bench-sink-js', key), true);
  await withFolder(async folder => {
    const copy = new GuestCache(folder);
    await copy.put('guest', key, before);
    await writeFile(copy.path('guest'), before.subarray(1));
    assert.is(await copy.has('guest', key), false);
  });
});

guests('an unknown name is refused', () => rejects('GUEST_UNKNOWN', buildGuests(['absent'])));

guests('a module without a controller is refused in words', () =>
  withFolder(async folder => {
    await mkdir(join(folder, 'test/fixtures/guests'), { recursive: true });
    await symlink(join(project, 'wit'), join(folder, 'wit'));
    await writeFile(join(folder, 'package.json'), '{}');
    const source = join(folder, 'test/fixtures/guests/empty.ts');
    await writeFile(source, 'export const other = 1;\n');
    await rejects('GUEST_SOURCE', buildGuests(['empty'], { project: folder }));
    await writeFile(source, 'throw new Error("while loading");\n');
    await rejects('GUEST_SOURCE', buildGuests(['empty'], { project: folder }));
  }),
);

guests('only the import section gets its real names back', () => {
  const preamble = Buffer.from([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]);
  const text = Buffer.from('waxi:a');
  const section = (id: number): Buffer => Buffer.concat([Buffer.from([id, text.length]), text]);
  const component = Buffer.concat([preamble, section(1), section(10), section(0)]);
  const renamed = Buffer.from(withRealImports(component)).toString('latin1');
  assert.is(renamed.indexOf('wasi:a'), 8 + 2 + text.length + 2);
  assert.is(renamed.split('waxi:a').length, 3);
  assert.is(withStandIns('import wasi:a/b;'), 'import waxi:a/b;');
});

guests.run();
