import type { FunctionShape } from '../../runtime/base/value-type.ts';
import {
  activateComponent,
  DEFAULT_ACTIVATION_LIMITS,
  DEFAULT_LINK_LIMITS,
  type Handle,
  type HostFunction,
  type HostInterface,
  LinkError,
  type StagedComponent,
  stageComponent,
  Trap,
} from '../../runtime/linker/index.ts';
import { assemble } from './assembler-io.ts';
import type { Action, Command, ComponentSource } from './commands.ts';
import { constantOf, sameValue } from './constants.ts';
import { WastError } from './errors.ts';
import { listedReason, type Refusal } from './policy.ts';
import type { ListForm } from './s-expressions.ts';

/**
 * What became of a command. `refused`: the linker refuses on purpose, for a listed reason.
 * `unreadable`: the assembler or this runner does not know the form. `outside`: not about
 * components.
 */
export type Verdict = 'pass' | 'fail' | 'refused' | 'unreadable' | 'outside';

/** A verdict and what led to it. */
export interface Outcome {
  readonly verdict: Verdict;
  readonly reason: string;
}

/** What a name in a script stands for: something, or why there is nothing. */
type Named<T> =
  | { readonly kind: 'there'; readonly value: T }
  | ({ readonly kind: 'gone' } & Outcome);

const PASS: Outcome = { verdict: 'pass', reason: '' };
const LAST = '';

/** Runs one script's commands, in order. */
export class WastRun {
  readonly #refusals: readonly Refusal[];
  readonly #definitions = new Map<string, Named<StagedComponent>>();
  readonly #instances = new Map<string, Named<Handle>>();
  readonly #registered = new Map<string, HostInterface>();

  constructor(refusals: readonly Refusal[]) {
    this.#refusals = refusals;
  }

  /** Runs a command. Throws only what is a fault of this program. */
  async run({ form }: Command): Promise<Outcome> {
    switch (form.kind) {
      case 'core':
        return { verdict: 'outside', reason: 'a core module' };
      case 'unknown':
        return { verdict: 'unreadable', reason: form.reason };
      case 'definition':
      case 'component': {
        const staged = await this.#stage(form.source);
        this.#definitions.set(form.name ?? LAST, staged);
        this.#definitions.set(LAST, staged);
        if (form.kind === 'definition') return staged.kind === 'gone' ? staged : PASS;
        return this.#keep(form.name, this.#instantiate(staged));
      }
      case 'instance': {
        const staged = named(this.#definitions, form.definition, 'definition');
        return this.#keep(form.name, this.#instantiate(staged));
      }
      case 'register':
        return this.#register(form.as, named(this.#instances, form.instance, 'instance'));
      case 'invoke':
        return outcomeOf(() => this.#invoke(form.action));
      case 'return':
        return outcomeOf(() => this.#assertReturn(form.action, form.expected));
      case 'trap':
        return await this.#assertTrap(form.of);
      case 'invalid':
      case 'malformed':
      case 'unlinkable':
        return await this.#assertRefused(form.kind, form.source);
    }
  }

  /** Ends all instances. */
  close(): void {
    for (const instance of this.#instances.values()) {
      if (instance.kind === 'there') instance.value.close();
    }
  }

  async #stage(source: ComponentSource): Promise<Named<StagedComponent>> {
    const assembled = await assemble(source);
    if (assembled.kind !== 'bytes') return gone('unreadable', assembled.message);
    try {
      const value = stageComponent(assembled.bytes, DEFAULT_LINK_LIMITS);
      return { kind: 'there', value };
    } catch (error) {
      return this.#refusal(error);
    }
  }

  #instantiate(staged: Named<StagedComponent>): Named<Handle> {
    if (staged.kind === 'gone') return staged;
    const { plan, modules } = staged.value;
    for (const { interface: from, function: name } of plan.imports) {
      if (this.#registered.get(from)?.functions.has(name) === true) continue;
      return gone('fail', `unlinkable: nothing provides ${from} "${name}"`);
    }
    try {
      const compiled = modules.map(bytes => new WebAssembly.Module(Uint8Array.from(bytes)));
      const limits = DEFAULT_ACTIVATION_LIMITS;
      return {
        kind: 'there',
        value: activateComponent(plan, compiled, this.#registered, limits),
      };
    } catch (error) {
      if (error instanceof Trap) return gone('fail', `trap: ${error.message}`);
      if (error instanceof WebAssembly.CompileError) return gone('fail', error.message);
      return this.#refusal(error);
    }
  }

  #refusal(error: unknown): Named<never> {
    if (!(error instanceof LinkError)) throw error;
    const reason = listedReason(error, this.#refusals);
    if (reason !== null) return gone('refused', reason);
    return gone('fail', `${error.code}: ${error.message}`);
  }

  #keep(name: string | null, instance: Named<Handle>): Outcome {
    this.#instances.set(LAST, instance);
    if (name !== null) this.#instances.set(name, instance);
    return instance.kind === 'gone' ? instance : PASS;
  }

  #register(as: string, instance: Named<Handle>): Outcome {
    if (instance.kind === 'gone') return instance;
    const handle = instance.value;
    const functions = new Map<string, HostFunction>();
    for (const [index, { interface: from, function: shape }] of handle.exports.entries()) {
      if (from === '$root') functions.set(shape.name, (...args) => handle.call(index, args));
    }
    this.#registered.set(as, { functions });
    return PASS;
  }

  #invoke({ instance, name, args }: Action): { readonly shape: FunctionShape; value: unknown } {
    const found = named(this.#instances, instance, 'instance');
    if (found.kind === 'gone') throw new Missing(found);
    const handle = found.value;
    const index = handle.exports.findIndex(
      ({ interface: from, function: shape }) => from === '$root' && shape.name === name,
    );
    const shape = handle.exports[index]?.function;
    if (shape === undefined) throw new WastError('WAST_COMMAND', `no export "${name}"`);
    const types = shape.params.map(param => param.type);
    if (types.length !== args.length) {
      throw new WastError('WAST_CONSTANT', `${args.length} arguments for "${name}"`);
    }
    const values = types.map((type, at) => {
      const arg = args[at];
      if (arg === undefined) throw new WastError('WAST_CONSTANT', 'an argument is missing');
      return constantOf(arg, type);
    });
    return { shape, value: handle.call(index, values) };
  }

  #assertReturn(action: Action, expected: readonly ListForm[]): Outcome {
    const { shape, value } = this.#invoke(action);
    const [form] = expected;
    if (expected.length !== (shape.result === null ? 0 : 1)) {
      return { verdict: 'fail', reason: `"${action.name}" returns another number of values` };
    }
    if (form === undefined || shape.result === null) return PASS;
    if (sameValue(value, constantOf(form, shape.result))) return PASS;
    return { verdict: 'fail', reason: `"${action.name}" returned ${shown(value)}` };
  }

  async #assertTrap(of: Action | ComponentSource): Promise<Outcome> {
    if ('kind' in of) {
      const instance = this.#instantiate(await this.#stage(of));
      if (instance.kind === 'there') return { verdict: 'fail', reason: 'it did not trap' };
      return instance.reason.startsWith('trap: ') ? PASS : instance;
    }
    return outcomeOf(() => {
      try {
        const { value } = this.#invoke(of);
        return { verdict: 'fail', reason: `"${of.name}" returned ${shown(value)}` };
      } catch (error) {
        if (error instanceof Trap && error.code !== 'TRAP_DEAD') return PASS;
        throw error;
      }
    });
  }

  async #assertRefused(
    kind: 'invalid' | 'malformed' | 'unlinkable',
    source: ComponentSource,
  ): Promise<Outcome> {
    const assembled = await assemble(source);
    if (assembled.kind !== 'bytes') {
      // Text that is no text is malformed; elsewhere only a name can be at fault.
      if (kind === 'malformed' || assembled.kind === 'unresolved') return PASS;
      return { verdict: 'unreadable', reason: assembled.message };
    }
    try {
      const value = stageComponent(assembled.bytes, DEFAULT_LINK_LIMITS);
      if (kind !== 'unlinkable') return { verdict: 'fail', reason: 'it was accepted' };
      const instance = this.#instantiate({ kind: 'there', value });
      if (instance.kind === 'there') return { verdict: 'fail', reason: 'it was linked' };
      return instance.reason.startsWith('trap: ') ? instance : PASS;
    } catch (error) {
      if (error instanceof LinkError) return { verdict: 'pass', reason: error.message };
      throw error;
    }
  }
}

/** Carries the fate of a missing instance to the command that needs it. */
class Missing extends Error {
  readonly outcome: Outcome;

  constructor(outcome: Outcome) {
    super(outcome.reason);
    this.outcome = outcome;
  }
}

function outcomeOf(task: () => unknown): Outcome {
  try {
    const outcome = task();
    return isOutcome(outcome) ? outcome : PASS;
  } catch (error) {
    if (error instanceof Missing) return error.outcome;
    if (error instanceof Trap) return { verdict: 'fail', reason: `trap: ${error.message}` };
    if (error instanceof WastError) return { verdict: 'fail', reason: error.message };
    throw error;
  }
}

function isOutcome(value: unknown): value is Outcome {
  return typeof value === 'object' && value !== null && 'verdict' in value;
}

function named<T>(
  from: ReadonlyMap<string, Named<T>>,
  name: string | null,
  what: string,
): Named<T> {
  return from.get(name ?? LAST) ?? gone('fail', `no ${what} ${name ?? ''}`);
}

function gone(verdict: Verdict, reason: string): { readonly kind: 'gone' } & Outcome {
  return { kind: 'gone', verdict, reason };
}

function shown(value: unknown): string {
  const text = JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'bigint' ? `${each}` : each,
  );
  return (text ?? 'nothing').slice(0, 200);
}
