import type { FunctionShape } from '../base/value-type.ts';
import { type Binding, bind, bindLift, bindLower, type TargetFunction } from './canon.ts';
import { abiTrap, LinkError, Trap } from './errors.ts';
import type { FrameCall, FrameFunction } from './frame.ts';
import { bindFrameLift, bindFrameLower } from './frame-canon.ts';
import { GuestMemory } from './guest-memory.ts';
import type { ActivationLimits } from './limits.ts';
import { semverTrack } from './names.ts';
import {
  type FunctionSource,
  PLAN_VERSION,
  type Plan,
  type PlanFunctionType,
  type PlanOptions,
  type PlanStep,
} from './plan.ts';
import { InstanceState } from './resources.ts';
import { ShapeWriter } from './shape.ts';
import { type BoundFunction, type CoreFunction, Store } from './store.ts';

export type { ActivationLimits } from './limits.ts';

/**
 * A function of the host. Values are as base/value-type.ts says, a result at the top included. A
 * declared WIT error is a value; a throw marks the instance dead.
 */
export type HostFunction = (...args: unknown[]) => unknown;

/** An interface that the host provides. */
export interface HostInterface {
  /** By WIT name: `write`, `[method]bucket.get`. What is missing becomes a trap when called. */
  readonly functions: ReadonlyMap<string, HostFunction>;
  /** Called when the guest drops a resource that it owns, and for those left over at `close`. */
  readonly dropResource?: (resource: string, representation: number) => void;
}

/** What the host provides, by interface name; versions match by semver track. */
export type HostImports = ReadonlyMap<string, HostInterface>;

/** An interface whose functions may take frames instead of values. */
export interface FramedInterface extends HostInterface {
  /** By WIT name; preferred where a name is in `functions` too. */
  readonly frames?: ReadonlyMap<string, FrameFunction>;
}

/** What the host provides, some of it by frames. `HostImports` are such. */
export type FramedImports = ReadonlyMap<string, FramedInterface>;

/** A running component. */
export interface Handle {
  /** Exported functions; the index is the number for `call`. */
  readonly exports: readonly { readonly interface: string; readonly function: FunctionShape }[];
  /** Calls an export. @throws Trap; the instance is dead then and must be replaced. */
  call(index: number, args: readonly unknown[]): unknown;
  /**
   * Calls an export with arguments from a frame; its result goes to another. Does what `call` does
   * between a decoder and an encoder. @throws Trap, as `call`
   */
  callFrame(index: number, call: FrameCall): void;
  /** Lets the call under way lift as much again: what it has lifted so far is gone. */
  renewLiftBudget(): void;
  /** Why the instance is dead, or null. */
  readonly dead: string | null;
  /** Bytes of all linear memories at present. */
  memoryBytes(): number;
  /**
   * Ends the instance and drops the host's resources that it still owns, each once.
   * @throws Trap `TRAP_HOST`, after all, when the host failed to drop some
   */
  close(): void;
}

/**
 * Instantiates a staged component, which runs its start functions, and binds its exports.
 * `modules` are compiled from the staged modules, in order.
 * @throws LinkError `LINK_CORE` when the engine refuses, Trap when a start function traps
 */
export function activateComponent(
  plan: Plan,
  modules: readonly WebAssembly.Module[],
  host: FramedImports,
  limits: ActivationLimits,
): Handle {
  if (plan.version !== PLAN_VERSION) {
    throw new LinkError('LINK_INVALID', `a plan of version ${plan.version}, not ${PLAN_VERSION}`);
  }
  return new Activation(plan, modules, host, limits);
}

class Activation implements Handle {
  readonly exports: Handle['exports'];
  readonly #plan: Plan;
  readonly #store: Store;
  readonly #host = new Map<string, FramedInterface>();
  readonly #registers: unknown[] = [];
  readonly #coreInstances: WebAssembly.Instance[] = [];
  readonly #instances: readonly InstanceState[];
  readonly #memories = new Map<number, GuestMemory>();
  readonly #bindings = new Map<string, Binding>();
  readonly #lifts = new Map<number, BoundFunction>();
  readonly #bound: readonly BoundFunction[];
  /** Made when first called: most instances are called by frames only, or never by any. */
  readonly #frames: (((call: FrameCall) => void) | undefined)[] = [];
  readonly #ownMemories: readonly WebAssembly.Memory[];

  constructor(
    plan: Plan,
    modules: readonly WebAssembly.Module[],
    host: FramedImports,
    limits: ActivationLimits,
  ) {
    this.#plan = plan;
    this.#store = new Store(limits);
    for (const [name, provided] of host) this.#host.set(semverTrack(name), provided);
    this.#instances = plan.instanceParents.map(() => new InstanceState(limits.handlesMax));
    this.#store.running = true;
    for (const step of plan.steps) {
      if (step.kind === 'instantiate') this.#instantiate(step, modules);
      else this.#registers.push(this.#value(step));
    }
    this.#bound = plan.exports.map(({ source }) => this.#exported(source));
    this.#ownMemories = plan.memories
      .map(({ coreInstance, name }) => this.#coreInstances[coreInstance]?.exports[name])
      .filter(memory => memory instanceof WebAssembly.Memory);
    this.#store.running = false;
    const writer = new ShapeWriter(plan);
    this.exports = plan.exports.map(entry => ({
      interface: entry.interface,
      function: writer.function(entry.function, entry.type),
    }));
  }

  get dead(): string | null {
    return this.#store.dead;
  }

  call(index: number, args: readonly unknown[]): unknown {
    const bound = this.#bound[index];
    if (bound === undefined) throw new RangeError(`no export ${index}`);
    return this.#enter(bound, args);
  }

  callFrame(index: number, call: FrameCall): void {
    const bound = this.#frames[index] ?? this.#bindFrame(index);
    this.#enter(bound, call);
  }

  renewLiftBudget(): void {
    this.#store.begin();
  }

  /** Runs one call from outside; whatever is thrown ends the store. */
  #enter<Args, Result>(bound: (args: Args) => Result, args: Args): Result {
    const store = this.#store;
    if (store.dead !== null) store.requireAlive();
    if (store.running) {
      throw store.kill(new Trap('TRAP_ABI', 'a host function calls back into the component'));
    }
    store.running = true;
    store.begin();
    try {
      const value = bound(args);
      store.running = false;
      return value;
    } catch (error) {
      store.markDead();
      store.running = false;
      throw store.kill(error);
    }
  }

  memoryBytes(): number {
    let sum = this.#plan.hiddenMemoryBytes;
    for (const memory of this.#ownMemories) sum += memory.buffer.byteLength;
    return sum;
  }

  close(): void {
    this.#store.dead ??= 'the component was closed';
    const failures: unknown[] = [];
    for (const instance of this.#instances) {
      for (const { resource, representation } of instance.drain()) {
        if (this.#plan.resources[resource]?.instance !== -1) continue;
        // What the host cannot drop must not keep it from the rest.
        try {
          this.#dropHostResource(resource, representation);
        } catch (error) {
          failures.push(error);
        }
      }
    }
    if (failures.length > 0) {
      throw new Trap('TRAP_HOST', `${failures.length} resources were not dropped`, {
        cause: failures[0],
      });
    }
  }

  #instantiate(
    step: Extract<PlanStep, { kind: 'instantiate' }>,
    modules: readonly WebAssembly.Module[],
  ): void {
    const module = modules[step.module];
    if (module === undefined)
      throw new LinkError('LINK_CORE', `core module ${step.module} is missing`);
    const imports: Record<string, Record<string, unknown>> = Object.create(null);
    for (const { module: from, name, register } of step.arguments) {
      imports[from] ??= Object.create(null);
      const fields = imports[from];
      if (fields !== undefined) fields[name] = this.#registers[register];
    }
    try {
      this.#store.begin();
      this.#coreInstances.push(new WebAssembly.Instance(module, imports));
    } catch (error) {
      if (!(error instanceof WebAssembly.LinkError)) throw this.#store.kill(error);
      throw new LinkError('LINK_CORE', error.message, -1, { cause: error });
    }
    this.#store.requireAlive();
  }

  #value(step: Exclude<PlanStep, { kind: 'instantiate' }>): unknown {
    switch (step.kind) {
      case 'export':
        return this.#coreInstances[step.coreInstance]?.exports[step.name];
      case 'lower': {
        const type = this.#functionType(step.type);
        const binding = this.#binding(step.instance, step.options);
        const frames = step.recursive ? undefined : this.#hostFrames(step.source);
        if (frames !== undefined) return bindFrameLower(this.#plan, type, binding, frames);
        const target = step.recursive ? refuseRecursion : this.#target(step.source, type);
        return bindLower(this.#plan, type, binding, target);
      }
      case 'resource-new': {
        const { state, resource } = this.#resourceStep(step);
        return this.#builtin(state, rep => state.add(resource, rep | 0, true));
      }
      case 'resource-rep': {
        const { state, resource } = this.#resourceStep(step);
        return this.#builtin(state, handle => state.representation(resource, handle >>> 0));
      }
      case 'resource-drop': {
        const { state, resource } = this.#resourceStep(step);
        return this.#builtin(state, handle => {
          const representation = state.drop(resource, handle >>> 0);
          if (representation !== null) this.#destroy(resource, representation, step.instance);
        });
      }
    }
  }

  #resourceStep(step: { readonly resource: number; readonly instance: number }) {
    return { state: this.#state(step.instance), resource: step.resource };
  }

  /** Returns a core function around a built-in of one i32, which kills the store if it throws. */
  #builtin(state: InstanceState, run: (value: number) => unknown): (value: number) => unknown {
    const store = this.#store;
    return value => {
      try {
        if (store.dead !== null) store.requireAlive();
        if (!state.mayLeave) state.requireMayLeave();
        return run(value);
      } catch (error) {
        store.markDead();
        throw store.kill(error);
      }
    };
  }

  #destroy(resource: number, representation: number, from: number): void {
    const { instance, destructor } = this.#plan.resources[resource] ?? {
      instance: -1,
      destructor: null,
    };
    if (instance < 0) {
      this.#dropHostResource(resource, representation);
      return;
    }
    if (destructor === null) return;
    const owner = this.#state(instance);
    if (instance !== from) {
      if (owner.entered) throw abiTrap('a destructor enters a component that runs');
      owner.entered = true;
    }
    this.#core(destructor)(representation);
    this.#store.requireAlive();
    if (instance !== from) owner.entered = false;
  }

  #dropHostResource(resource: number, representation: number): void {
    const entry = this.#plan.resources[resource];
    if (entry === undefined) return;
    this.#host.get(semverTrack(entry.interface))?.dropResource?.(entry.name, representation);
  }

  #exported(source: FunctionSource): BoundFunction {
    if (source.kind === 'lift') return this.#lift(source.index);
    const entry = this.#plan.imports[source.index];
    const target = this.#target(source, this.#functionType(entry?.type ?? -1));
    return args => target(...args);
  }

  /** An export that is itself an import has no core function whose values could be moved. */
  #bindFrame(index: number): (call: FrameCall) => void {
    const source = this.#plan.exports[index]?.source;
    if (source === undefined) throw new RangeError(`no export ${index}`);
    const lift = source.kind === 'lift' ? this.#plan.lifts[source.index] : undefined;
    if (lift === undefined) throw new Trap('TRAP_HOST', `export ${index} takes no frames`);
    const { postReturn } = lift.options;
    const bound = bindFrameLift(
      this.#plan,
      this.#functionType(lift.type),
      this.#binding(lift.instance, lift.options),
      this.#core(lift.core),
      postReturn === null ? null : this.#core(postReturn),
    );
    this.#frames[index] = bound;
    return bound;
  }

  #hostFrames(source: FunctionSource): FrameFunction | undefined {
    if (source.kind !== 'import') return undefined;
    const { interface: from = '', function: name = '' } = this.#plan.imports[source.index] ?? {};
    return this.#host.get(semverTrack(from))?.frames?.get(name);
  }

  #target(source: FunctionSource, type: PlanFunctionType): TargetFunction {
    if (source.kind === 'import') return this.#hostFunction(source.index);
    const lift = this.#lift(source.index);
    switch (type.params.length) {
      case 0:
        return () => lift([]);
      case 1:
        return a => lift([a]);
      case 2:
        return (a, b) => lift([a, b]);
      default:
        return (...args) => lift(args);
    }
  }

  #hostFunction(index: number): TargetFunction {
    const entry = this.#plan.imports[index];
    const from = entry?.interface ?? '';
    const name = entry?.function ?? '';
    const provided = this.#host.get(semverTrack(from))?.functions.get(name);
    if (provided !== undefined) return provided;
    return () => {
      throw new Trap('TRAP_MISSING', `${from} "${name}" is not provided: it is not granted`);
    };
  }

  #lift(index: number): BoundFunction {
    let bound = this.#lifts.get(index);
    if (bound === undefined) {
      const lift = this.#plan.lifts[index];
      if (lift === undefined) throw new LinkError('LINK_INVALID', `the plan has no lift ${index}`);
      const { postReturn } = lift.options;
      bound = bindLift(
        this.#plan,
        this.#functionType(lift.type),
        this.#binding(lift.instance, lift.options),
        this.#core(lift.core),
        postReturn === null ? null : this.#core(postReturn),
      );
      this.#lifts.set(index, bound);
    }
    return bound;
  }

  #binding(instance: number, options: PlanOptions): Binding {
    const { memory, realloc, encoding } = options;
    const key = `${instance} ${memory} ${realloc} ${encoding}`;
    let binding = this.#bindings.get(key);
    if (binding === undefined) {
      binding = bind(
        this.#plan,
        { index: instance, state: this.#state(instance) },
        this.#store,
        this.#memory(memory ?? -1),
        realloc === null ? null : this.#core(realloc),
        encoding,
      );
      this.#bindings.set(key, binding);
    }
    return binding;
  }

  #memory(register: number): GuestMemory {
    let memory = this.#memories.get(register);
    if (memory === undefined) {
      const value = this.#registers[register];
      memory = new GuestMemory(value instanceof WebAssembly.Memory ? value : null);
      this.#memories.set(register, memory);
    }
    return memory;
  }

  #state(instance: number): InstanceState {
    const state = this.#instances[instance];
    if (state === undefined) throw new LinkError('LINK_INVALID', `no instance ${instance}`);
    return state;
  }

  #core(register: number): CoreFunction {
    const value = this.#registers[register];
    if (!isCoreFunction(value)) {
      throw new LinkError('LINK_CORE', `register ${register} holds no function`);
    }
    return value;
  }

  #functionType(index: number): PlanFunctionType {
    const type = this.#plan.functionTypes[index];
    if (type === undefined) throw new LinkError('LINK_INVALID', `no function type ${index}`);
    return type;
  }
}

function isCoreFunction(value: unknown): value is CoreFunction {
  return typeof value === 'function';
}

function refuseRecursion(): never {
  throw abiTrap('a call between a component and one that it made');
}
