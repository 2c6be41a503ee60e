import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A package of others that a gateway runs, and the terms it comes under. */
export interface LicensedPackage {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  /** The licence file's text; empty where the package has none. */
  readonly text: string;
}

/** Reads name, version, licence and licence text of each package. */
export function readLicences(root: string, names: readonly string[]): LicensedPackage[] {
  return names.map(name => {
    const folder = join(root, 'node_modules', name);
    const manifest: { version?: unknown; license?: unknown } = JSON.parse(
      readFileSync(join(folder, 'package.json'), 'utf8'),
    );
    return {
      name,
      version: String(manifest.version ?? 'unknown'),
      licence: String(manifest.license ?? 'unknown'),
      text: licenceText(folder),
    };
  });
}

/** Returns the packages that a production install brings, from the lock file, sorted. */
export function installedPackages(root: string): string[] {
  const lock: { packages?: Record<string, { dev?: boolean; devOptional?: boolean }> } = JSON.parse(
    readFileSync(join(root, 'package-lock.json'), 'utf8'),
  );
  const prefix = 'node_modules/';
  return Object.entries(lock.packages ?? {})
    .filter(([path, { dev, devOptional }]) => path.startsWith(prefix) && !dev && !devOptional)
    .map(([path]) => path.slice(prefix.length))
    .filter(name => !name.includes(prefix) && existsSync(join(root, prefix, name)))
    .sort();
}

/** Returns the document: a table, then each distinct text once with the packages it covers. */
export function noticesDocument(packages: readonly LicensedPackage[]): string {
  const rows = packages.map(
    ({ name, version, licence }) => `| ${name} | ${version} | ${licence} |`,
  );
  const byText = Map.groupBy(
    packages.filter(({ text }) => text !== ''),
    ({ text }) => text,
  );
  const texts = [...byText].map(
    ([text, covered]) =>
      `## ${covered.map(({ name }) => name).join(', ')}\n\n\`\`\`\n${text}\n\`\`\`\n`,
  );
  return [
    '# Third-party notices',
    '',
    'airssys-wasm contains these packages, or installs them on a gateway. `npm run notices`',
    'writes this file.',
    '',
    '| package | version | licence |',
    '|---|---|---|',
    ...rows,
    '',
    ...texts,
  ].join('\n');
}

function licenceText(folder: string): string {
  const name = readdirSync(folder).find(file => /^licen[cs]e(\.(md|txt))?$/i.test(file));
  if (name === undefined) return '';
  return readFileSync(join(folder, name), 'utf8')
    .replaceAll('\r\n', '\n')
    .replaceAll('```', '')
    .trim();
}
