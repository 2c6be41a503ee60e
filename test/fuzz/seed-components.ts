import { CATALOG } from '../hostile/catalog.ts';
import { controllerText } from '../hostile/controller-text.ts';
import { bytesOf } from '../hostile/kind.ts';
import { binaryOf, fixture } from '../linker/support.ts';

/** Larger ones say nothing that smaller ones do not. */
const SEED_BYTES_MAX = 6_000;

/** Sections whose kinds are made to be as slow as a limit allows: mutants of them are rare. */
const SLOW_SECTIONS: ReadonlySet<string> = new Set(['amplification', 'type bombs']);

const USES = ['log', 'write', 'publish', 'granted', 'random', 'clock', 'timer', 'serial'] as const;

/** What mutants are made of. */
export interface Seeds {
  readonly usual: readonly Uint8Array[];
  readonly slow: readonly Uint8Array[];
}

/** Small components of every sort: echoes, controllers, resources, compositions, hostile ones. */
export async function seedComponents(): Promise<Seeds> {
  const usual = [
    await binaryOf(fixture('echo.wat')),
    await binaryOf(controllerText({ uses: USES, afterStart: '', afterMessage: '' })),
  ];
  const slow: Uint8Array[] = [];
  for (const kind of CATALOG.filter(({ section }) => section !== 'loops')) {
    const bytes = await bytesOf(kind);
    if (bytes.length > SEED_BYTES_MAX) continue;
    (SLOW_SECTIONS.has(kind.section) ? slow : usual).push(bytes);
  }
  return { usual, slow };
}
