/**
 * `npm run notices`: writes THIRD-PARTY-NOTICES.md from what the bundles hold and a gateway
 * installs. `--check` only compares.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { bundledPackages, bundleEntries } from './bundle/bundles.ts';
import { installedPackages, noticesDocument, readLicences } from './bundle/licences.ts';

const ROOT = resolve(import.meta.dirname, '..');
const DOCUMENT = join(ROOT, 'THIRD-PARTY-NOTICES.md');

const bundles = await bundleEntries(ROOT, 'dist', { write: false });
const names = new Set([...bundledPackages(bundles), ...installedPackages(ROOT)]);
const wanted = noticesDocument(readLicences(ROOT, [...names].sort()));

if (!process.argv.includes('--check')) {
  writeFileSync(DOCUMENT, wanted);
} else if (readFileSync(DOCUMENT, 'utf8') !== wanted) {
  process.stdout.write('THIRD-PARTY-NOTICES.md is not current: npm run notices\n');
  process.exitCode = 1;
}
