import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatGrant, parseGrant } from '../../capabilities/grammar/index.ts';
import { parseReleaseToml } from '../../runtime/manifest/release-toml.ts';
import { guestCatalog } from '../../scripts/guests/catalog-io.ts';

const releases = suite('examples: releases');
const project = join(import.meta.dirname, '../..');
const folder = join(project, 'firmware-manifests/examples');
const FILES = ['release.toml', 'thermostat/release.toml', 'pump-guard/release.toml'];

const draftOf = async (file: string) =>
  parseReleaseToml(await readFile(join(folder, file), 'utf8'), file);

for (const file of FILES) {
  releases(
    `${file} is valid, names guests that can be built, and writes grants canonically`,
    async () => {
      const text = await readFile(join(folder, file), 'utf8');
      const written = [...text.matchAll(/^grant = "([^"]+)"$/gm)].map(match => match[1] ?? '');
      assert.ok(written.length > 0);
      for (const grant of written) assert.is(formatGrant(parseGrant(grant)), grant);
      const catalog = await guestCatalog(project);
      for (const { component } of (await draftOf(file)).controllers) {
        const path = join(folder, file, '..', component);
        const name = /build\/guests\/([a-z-]+)\.wasm$/.exec(path)?.[1] ?? '';
        assert.ok(path.startsWith(join(project, 'build/guests/')), path);
        assert.ok(catalog.has(name), name);
      }
    },
  );
}

releases('the combined release holds each example as it is alone', async () => {
  const combined = await draftOf('release.toml');
  for (const name of ['thermostat', 'pump-guard']) {
    const [alone] = (await draftOf(`${name}/release.toml`)).controllers;
    const within = combined.controllers.find(each => each.name === name);
    assert.equal({ ...within, component: '' }, { ...alone, component: '' });
  }
});

releases.run();
