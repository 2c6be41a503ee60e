import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  activateComponent,
  DEFAULT_ACTIVATION_LIMITS,
  DEFAULT_LINK_LIMITS,
  LinkError,
  stageComponent,
  Trap,
} from '../../runtime/linker/index.ts';
import { seededRandom } from './seeded-random.ts';
import { binaryOf, fixture, seedOf } from './support.ts';

const test = suite('linker: mutated components');
const MUTANTS = 300;

/** Stages, compiles, activates and calls; returns how far the mutant came. */
function exercise(bytes: Uint8Array): string {
  try {
    const staged = stageComponent(bytes, DEFAULT_LINK_LIMITS);
    const modules = staged.modules.map(module => new WebAssembly.Module(Uint8Array.from(module)));
    const handle = activateComponent(staged.plan, modules, new Map(), DEFAULT_ACTIVATION_LIMITS);
    for (const [index, { function: shape }] of handle.exports.entries()) {
      const args = shape.params.map(({ type }) => {
        if (type.kind === 'string') return 'topic';
        return type.kind === 'list' ? Uint8Array.of(1, 2, 3) : 7;
      });
      handle.call(index, args);
    }
    return 'ran';
  } catch (error) {
    if (error instanceof LinkError) return error.code;
    if (error instanceof Trap) return error.code;
    if (error instanceof WebAssembly.CompileError) return 'CompileError';
    throw error;
  }
}

test('nothing but refusals and traps comes out of them', async () => {
  const original = await binaryOf(fixture('echo.wat'));
  const random = seededRandom(seedOf(2_026));
  const outcomes = new Map<string, number>();
  for (let mutant = 0; mutant < MUTANTS; mutant += 1) {
    const bytes = Uint8Array.from(original);
    for (let left = 1 + random(3); left > 0; left -= 1) {
      const at = 8 + random(bytes.length - 8);
      const bit = 1 << random(8);
      bytes[at] = random(2) === 0 ? random(256) : (bytes[at] ?? 0) ^ bit;
    }
    const cut = random(10) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes;
    const outcome = exercise(cut);
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  assert.ok((outcomes.get('LINK_MALFORMED') ?? 0) > 25, JSON.stringify([...outcomes]));
  assert.ok((outcomes.get('LINK_INVALID') ?? 0) > 10, JSON.stringify([...outcomes]));
  assert.ok((outcomes.get('ran') ?? 0) > 10, JSON.stringify([...outcomes]));
});

test.run();
