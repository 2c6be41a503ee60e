import { errorCode, errorMessage } from '../../runtime/base/errors.ts';
import type { ValueType } from '../../runtime/base/value-type.ts';
import { requireContract } from '../../runtime/components/contract-check.ts';
import {
  DEFAULT_LINK_LIMITS,
  LinkError,
  type StagedComponent,
  stageComponent,
  Trap,
} from '../../runtime/linker/index.ts';
import { ComponentError } from '../../runtime/ports/component-host.ts';
import { contractExports, contractImports } from '../../wit/generated/contract.ts';
import { stand } from '../hostile/one-life.ts';
import { mutate, type Random } from './mutate.ts';
import type { Seeds } from './seed-components.ts';
import { Defect, type Target } from './target.ts';

const PREAMBLE_BYTES = 8;
/** Of so many seeds one is slow. */
const SLOW_ONE_IN = 200;
/** Little memory: a mutant that fills it all is slow. */
const PAGES_MAX = 64;
const LIMITS = { ...DEFAULT_LINK_LIMITS, memoryPagesMax: PAGES_MAX };
/** What `stageComponent` says of an error that it did not foresee. */
const UNFORESEEN = 'the component defeats the linker';
/** What JavaScript throws when the linker itself is at fault. */
const OWN_FAULTS = [TypeError, ReferenceError, SyntaxError, URIError, EvalError];

/** Components through stage, compilation, activation and a call of each export. */
export function componentTarget({ usual, slow }: Seeds): Target {
  const pick = (random: Random): Uint8Array => {
    const seeds = random(SLOW_ONE_IN) === 0 ? slow : usual;
    return seeds[random(seeds.length)] ?? new Uint8Array(0);
  };
  return {
    name: 'components',
    mutant: random => mutate(pick(random), pick(random), PREAMBLE_BYTES, random),
    take: (bytes, _, onRun) => take(bytes, onRun),
  };
}

function take(bytes: Uint8Array, onRun: () => void): string {
  let staged: StagedComponent;
  try {
    staged = stageComponent(bytes, LIMITS);
    requireContract(staged.shape, { imports: contractImports, exports: contractExports }, []);
  } catch (error) {
    if (error instanceof ComponentError) return 'another contract';
    if (!(error instanceof LinkError)) throw new Defect(`stage threw ${told(error)}`);
    if (error.message.startsWith(UNFORESEEN)) {
      throw new Defect(`stage failed within: ${told(error.cause)}`);
    }
    return error.code;
  }
  try {
    for (const module of staged.modules) new WebAssembly.Module(Uint8Array.from(module));
  } catch (error) {
    if (error instanceof WebAssembly.CompileError) return 'CompileError';
    throw new Defect(`compilation threw ${told(error)}`);
  }
  onRun();
  return run(staged);
}

function run(staged: StagedComponent): string {
  try {
    const handle = stand(staged);
    for (const [index, { function: shape }] of handle.exports.entries()) {
      handle.call(
        index,
        shape.params.map(({ type }) => someOf(type)),
      );
    }
    handle.close();
    return 'ran';
  } catch (error) {
    if (error instanceof LinkError) return error.code;
    if (!(error instanceof Trap)) throw new Defect(`activation or call threw ${told(error)}`);
    if (isOwnFault(error.cause))
      throw new Defect(`a trap of the linker's own: ${told(error.cause)}`);
    return error.code;
  }
}

/** What is no text is no fault of the linker's; the decoder says so with a TypeError. */
function isOwnFault(cause: unknown): boolean {
  if (errorCode(cause) === 'ERR_ENCODING_INVALID_ENCODED_DATA') return false;
  return OWN_FAULTS.some(fault => cause instanceof fault);
}

function told(error: unknown): string {
  return error instanceof Error ? (error.stack ?? errorMessage(error)) : String(error);
}

/** Returns some value of a type. */
function someOf(type: ValueType): unknown {
  switch (type.kind) {
    case 'bool':
      return true;
    case 'u64':
    case 's64':
      return 7n;
    case 'char':
      return 'x';
    case 'string':
      return 'topic';
    case 'list':
      return type.element.kind === 'u8' ? Uint8Array.of(1, 2, 3) : [someOf(type.element)];
    case 'option':
      return type.value.kind === 'option' ? { tag: 'none' } : undefined;
    case 'record':
      return Object.fromEntries(type.fields.map(field => [camel(field.name), someOf(field.type)]));
    case 'tuple':
      return type.items.map(someOf);
    case 'enum':
      return type.names[0];
    case 'flags':
      return Object.fromEntries(type.names.map(name => [camel(name), true]));
    case 'variant':
      return caseOf(type.cases[0]?.name ?? '', type.cases[0]?.type ?? null);
    case 'result':
      return caseOf('ok', type.ok);
    default:
      return 7;
  }
}

function caseOf(tag: string, type: ValueType | null): unknown {
  return type === null ? { tag } : { tag, val: someOf(type) };
}

function camel(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}
