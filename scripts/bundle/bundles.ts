import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type BuildOptions, build, type Metafile } from 'esbuild';
import { areaOf, generalArea, POWERFUL_AREAS, POWERLESS_ENTRIES } from '../tidy/layers.ts';

/** The programs of a release, each one file in `dist/`. */
const MODULE_ENTRIES: readonly string[] = [
  'runtime/entry/gatewayd.ts',
  'runtime/entry/component-host.ts',
  'runtime/entry/stage.ts',
  'runtime/entry/storage-worker.ts',
  'runtime/entry/verifier-worker.ts',
  'runtime/entry/cli.ts',
];

/** One of these runs per controller: without Node's module loader each needs 1 MB less. */
const COMMONJS_ENTRIES: readonly string[] = ['runtime/entry/worker.ts'];

/**
 * Packages that stay outside of the bundles. serialport finds its native part by its own folder, so
 * gateways install it; cbor-x speeds up with cbor-extract where that is there, and does without.
 */
const EXTERNAL_PACKAGES: readonly string[] = ['serialport', 'cbor-extract'];

/** Pure JavaScript in packages expects `require` in some places. */
const REQUIRE_BANNER =
  "import { createRequire as __createRequire } from 'node:module';" +
  'const require = __createRequire(import.meta.url);';

/** A bundle and where what is in it comes from. */
export interface Bundle {
  readonly entry: string;
  /** Path from the root, `dist/NAME.js` or `.cjs`. */
  readonly output: string;
  readonly bytes: number;
  readonly inputs: readonly string[];
}

/** Returns the entries that are not in the tree. */
export function missingEntries(root: string): string[] {
  return [...MODULE_ENTRIES, ...COMMONJS_ENTRIES].filter(entry => !existsSync(join(root, entry)));
}

/** Bundles every entry that exists into `outdir`, or only says what that would be. */
export async function bundleEntries(
  root: string,
  outdir: string,
  { write = true }: { readonly write?: boolean } = {},
): Promise<Bundle[]> {
  const present = (entries: readonly string[]) =>
    entries.filter(entry => existsSync(join(root, entry)));
  const common = options(root, outdir);
  const modules = await build({
    ...common,
    format: 'esm',
    banner: { js: REQUIRE_BANNER },
    entryPoints: present(MODULE_ENTRIES),
    write,
  });
  const scripts = await build({
    ...common,
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    entryPoints: present(COMMONJS_ENTRIES),
    write,
  });
  return [...readBundles(modules.metafile), ...readBundles(scripts.metafile)];
}

/** Returns a sentence for each bundle of a powerless process that holds code with authority. */
export function authorityIn(bundles: readonly Bundle[]): string[] {
  return bundles
    .filter(({ entry }) => POWERLESS_ENTRIES.includes(entry))
    .flatMap(({ output, inputs }) =>
      inputs
        .filter(input => POWERFUL_AREAS.includes(generalArea(areaOf(input) ?? '')))
        .map(input => `${output} holds ${input}`),
    );
}

/** Returns the names of the packages that are part of any bundle, sorted. */
export function bundledPackages(bundles: readonly Bundle[]): string[] {
  const names = bundles.flatMap(({ inputs }) =>
    inputs.flatMap(input => {
      const after = input.split('node_modules/').at(-1) ?? '';
      return input.includes('node_modules/') ? [packageOf(after)] : [];
    }),
  );
  return [...new Set(names)].sort();
}

function options(root: string, outdir: string): BuildOptions & { metafile: true } {
  return {
    absWorkingDir: root,
    outdir,
    bundle: true,
    platform: 'node',
    target: 'node26',
    external: [...EXTERNAL_PACKAGES],
    // Names stay as they are: nothing is minified. `keepNames` would wrap every closure that the
    // linker makes, at run time.
    sourcemap: false,
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  };
}

function readBundles(metafile: Metafile): Bundle[] {
  return Object.entries(metafile.outputs).map(([output, { entryPoint, bytes, inputs }]) => ({
    entry: entryPoint ?? '',
    output,
    bytes,
    inputs: Object.keys(inputs),
  }));
}

function packageOf(path: string): string {
  return path
    .split('/')
    .slice(0, path.startsWith('@') ? 2 : 1)
    .join('/');
}
