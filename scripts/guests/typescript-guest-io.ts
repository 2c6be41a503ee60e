import { rmSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { componentize } from 'componentize-qjs';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { errorMessage } from '../../runtime/base/errors.ts';
import { GuestBuildError } from './errors.ts';
import { withRealImports, withStandIns } from './import-names.ts';
import { GUEST_WORLD, type GuestWorld } from './world.ts';

/** A TypeScript guest, bundled and looked at. */
export interface GuestBundle {
  readonly code: string;
  readonly world: GuestWorld;
  /** Absolute paths of every file that went into the bundle, sorted. */
  readonly inputs: readonly string[];
}

const EVALUATION_TIMEOUT_MS = 5_000;
const HOST_MODULE = /^(?:airssys|wasi):/;

/** Handlers of a controller and the interface that each needs, with its name in the bundle. */
const HANDLER_EXPORTS = [
  { handler: 'onEdge', label: 'edgeHandler', interface: 'airssys:gpio/edge-handler@0.1.0' },
  {
    handler: 'onMessage',
    label: 'messageHandler',
    interface: 'airssys:mqtt/message-handler@0.1.0',
  },
  { handler: 'onFrame', label: 'dataHandler', interface: 'airssys:serial/data-handler@0.1.0' },
  { handler: 'onTick', label: 'tickHandler', interface: 'airssys:timer/tick-handler@0.1.0' },
] as const;

const CONTROLLER_INTERFACE = 'airssys:lifecycle/controller@0.1.0';
const TIMERS_INTERFACE = 'airssys:timer/timers@0.1.0';

/**
 * Bundles a controller's module with the kit, and works out its world: an interface is imported
 * when the bundle still imports it after unused code is gone, and exported when its handler is
 * defined.
 * @throws GuestBuildError `GUEST_SOURCE`
 */
export async function bundleGuest(path: string, project: string): Promise<GuestBundle> {
  const sdk = join(project, 'wit/sdk');
  const handlers = await definedHandlers(path, project);
  const present = HANDLER_EXPORTS.filter(({ handler }) => handlers.has(handler));
  const first = await bundle(entry(path, sdk, present, false), project);
  const usesTimers = first.imports.includes(TIMERS_INTERFACE);
  if (!usesTimers) return { ...first, world: world(first.imports, present) };
  const withTicks = HANDLER_EXPORTS.filter(
    each => present.includes(each) || each.label === 'tickHandler',
  );
  const second = await bundle(entry(path, sdk, withTicks, true), project);
  return { ...second, world: world(second.imports, withTicks) };
}

/**
 * Turns a bundle into a component on QuickJS, without async ABI and without system interfaces.
 * @throws GuestBuildError `GUEST_COMPONENT_FAILED`
 */
export async function componentizeBundle(code: string, wit: string): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'airssys-guest-'));
  const removeNow = (): void => rmSync(folder, { recursive: true, force: true });
  process.once('exit', removeNow);
  try {
    const witPath = join(folder, 'guest.wit');
    await writeFile(witPath, withStandIns(wit));
    const { component } = await componentize({
      witPath,
      jsSource: withStandIns(code),
      world: GUEST_WORLD,
      sync: true,
      stubWasi: true,
      optSize: true,
    });
    return withRealImports(component);
  } catch (error) {
    throw new GuestBuildError('GUEST_COMPONENT_FAILED', errorMessage(error), { cause: error });
  } finally {
    process.removeListener('exit', removeNow);
    await rm(folder, { recursive: true, force: true });
  }
}

type HandlerExport = (typeof HANDLER_EXPORTS)[number];

function world(imports: readonly string[], exports: readonly HandlerExport[]): GuestWorld {
  return {
    // The bundler names a module once for each file that imports it.
    imports: [...new Set(imports)].sort(),
    exports: [CONTROLLER_INTERFACE, ...exports.map(each => each.interface)].sort(),
  };
}

function entry(
  path: string,
  sdk: string,
  exports: readonly HandlerExport[],
  withTimers: boolean,
): string {
  const names = ['controller', ...exports.map(({ label }) => label)];
  return [
    `import { controller as definition } from ${JSON.stringify(path)};`,
    `import { bindController } from ${JSON.stringify(join(sdk, 'bind.ts'))};`,
    ...(withTimers ? [`import { runTimer } from ${JSON.stringify(join(sdk, 'timers.ts'))};`] : []),
    `const bound = bindController(definition${withTimers ? ', runTimer' : ''});`,
    ...names.map(name => `const ${name} = bound.${name};`),
    `export { ${names.join(', ')} };`,
  ].join('\n');
}

interface Bundle {
  readonly code: string;
  readonly imports: readonly string[];
  readonly inputs: readonly string[];
}

async function bundle(text: string, project: string): Promise<Bundle> {
  const result = await runEsbuild(text, project, {
    format: 'esm',
    plugins: [
      {
        name: 'host-modules',
        setup: ({ onResolve }) =>
          onResolve({ filter: HOST_MODULE }, ({ path }) => ({
            path,
            external: true,
            sideEffects: false,
          })),
      },
    ],
  });
  const [output] = Object.values(result.outputs);
  const imports = (output?.imports ?? []).map(({ path }) => path);
  return { code: result.code, imports, inputs: result.inputs };
}

/** Evaluates the module with host modules that do nothing, as the builder's snapshot will. */
async function definedHandlers(path: string, project: string): Promise<ReadonlySet<string>> {
  const stubs: Plugin = {
    name: 'host-stubs',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: HOST_MODULE }, args => ({ path: args.path, namespace: 'host' }));
      onLoad({ filter: /.*/, namespace: 'host' }, () => ({
        contents: 'module.exports = new Proxy({}, { get: () => () => undefined });',
        loader: 'js',
      }));
    },
  };
  const text = `export { controller } from ${JSON.stringify(path)};`;
  const { code } = await runEsbuild(text, project, { format: 'cjs', plugins: [stubs] });
  const module: { exports: Record<string, unknown> } = { exports: {} };
  try {
    runInNewContext(code, { module }, { timeout: EVALUATION_TIMEOUT_MS });
  } catch (error) {
    const message = `${path} fails while it is loaded: ${errorMessage(error)}`;
    throw new GuestBuildError('GUEST_SOURCE', message, { cause: error });
  }
  const { controller } = module.exports;
  if (typeof controller !== 'object' || controller === null || !('handlers' in controller)) {
    throw new GuestBuildError(
      'GUEST_SOURCE',
      `${path} must export const controller = defineController({...})`,
    );
  }
  return new Set(Object.keys(Object(controller.handlers)));
}

interface Built {
  readonly code: string;
  readonly inputs: readonly string[];
  readonly outputs: Readonly<Record<string, { readonly imports: { readonly path: string }[] }>>;
}

async function runEsbuild(text: string, project: string, options: BuildOptions): Promise<Built> {
  try {
    const result = await build({
      ...options,
      stdin: { contents: text, resolveDir: project, loader: 'ts' },
      bundle: true,
      write: false,
      metafile: true,
      target: 'es2023',
      logLevel: 'silent',
      absWorkingDir: project,
    });
    const code = result.outputFiles?.[0]?.text ?? '';
    const inputs = Object.keys(result.metafile?.inputs ?? {})
      .filter(path => path !== '<stdin>' && !path.startsWith('host:'))
      .map(path => join(project, path))
      .sort();
    return { code, inputs, outputs: result.metafile?.outputs ?? {} };
  } catch (error) {
    throw new GuestBuildError('GUEST_SOURCE', errorMessage(error), { cause: error });
  }
}
