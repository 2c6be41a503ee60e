import { randomFillSync } from 'node:crypto';
import { importsOf } from '../../runtime/components/host/imports.ts';
import {
  activateComponent,
  DEFAULT_ACTIVATION_LIMITS,
  type Handle,
  type StagedComponent,
} from '../../runtime/linker/index.ts';
import { NONCE_BYTES } from '../../runtime/transport/index.ts';
import { importFunctions } from '../../wit/generated/contract.ts';

const CONTEXT = { reason: 'cold', generation: 1n, previousVersion: undefined } as const;
const MESSAGE = {
  connection: 'main',
  topic: 'site/culprit',
  payload: Uint8Array.of(1, 2, 3),
  retained: false,
} as const;
const TICK = { name: 'soon', timestampNs: 1n, missed: 0 } as const;

/** Calls of a controller in the order in which a gateway makes them. */
const LIFE: readonly (readonly [name: string, args: readonly unknown[]])[] = [
  ['start', [CONTEXT]],
  ['health', []],
  ['on-message', [MESSAGE]],
  ['health', []],
  ['on-tick', [TICK]],
  ['stop', [1_000]],
];

/** Instantiates a staged component in this process, where host calls have an answer at once. */
export function stand(staged: StagedComponent): Handle {
  const modules = staged.modules.map(bytes => new WebAssembly.Module(Uint8Array.from(bytes)));
  const imports = importsOf(
    importFunctions,
    {
      slot: 0,
      nonce: new Uint8Array(NONCE_BYTES),
      memoryBytesMax: 8_388_608n,
      identity: { name: 'culprit', version: '1.0.0', slot: 'a', instance: 1n },
      granted: ['mqtt:main/site/flood[pub]'],
      config: [['key', 'value']],
    },
    {
      monotonicNs: () => 1n,
      wallMs: () => 1,
      random: count => randomFillSync(new Uint8Array(count)),
      log: () => undefined,
      hostCall: id => answerOf(id),
    },
  );
  return activateComponent(staged.plan, modules, imports, DEFAULT_ACTIVATION_LIMITS);
}

/** Makes every call of a controller's life. @throws what the linker throws */
export function live(handle: Handle): void {
  for (const [name, args] of LIFE) {
    const index = handle.exports.findIndex(entry => entry.function.name === name);
    if (index >= 0) handle.call(index, args);
  }
}

/** The shortest right answer: host functions of the contract return results or nothing. */
function answerOf(id: number): unknown {
  const result = importFunctions[id]?.function.result ?? null;
  if (result?.kind !== 'result') return undefined;
  return result.ok === null ? { tag: 'ok' } : { tag: 'ok', val: result.ok.kind === 'u64' ? 1n : 0 };
}
