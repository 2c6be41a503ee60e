import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { RUNTIME_VERSION } from '../../runtime/base/runtime-version.ts';

const test = suite('base/runtime-version');

test('the version in the sources is the one of the package', () => {
  const path = new URL('../../package.json', import.meta.url);
  assert.is(JSON.parse(readFileSync(path, 'utf8')).version, RUNTIME_VERSION);
});

test.run();
