import { gather, spread } from './arity.ts';
import { Drainer } from './drain.ts';
import { abiTrap, Trap } from './errors.ts';
import { CanonContext, type GuestMemory } from './guest-memory.ts';
import { Lifter } from './lift.ts';
import { Lowerer } from './lower.ts';
import type { Plan, PlanFunctionType, PlanOptions } from './plan.ts';
import { Pourer } from './pour.ts';
import type { InstanceState } from './resources.ts';
import { rowLayout, typeAt } from './row-layout.ts';
import type { BoundFunction, CoreFunction, Flat, Store } from './store.ts';
import { stringCodec } from './strings.ts';
import { FLAT_PARAMS_MAX, FLAT_RESULTS_MAX } from './types.ts';

/**
 * A set of canonical options made real: what lifts and what lowers for one instance, from and to
 * JavaScript values, and from and to frames.
 */
export interface Binding {
  readonly context: CanonContext;
  readonly lifter: Lifter;
  readonly lowerer: Lowerer;
  readonly pourer: Pourer;
  readonly drainer: Drainer;
}

/** A function of the host, or of another component, in JavaScript values. */
export type TargetFunction = (...args: readonly unknown[]) => unknown;

/** Makes the pair of lifter and lowerer for one instance, memory, realloc and encoding. */
export function bind(
  plan: Plan,
  instance: { readonly index: number; readonly state: InstanceState },
  store: Store,
  memory: GuestMemory,
  realloc: CoreFunction | null,
  encoding: PlanOptions['encoding'],
): Binding {
  const context = new CanonContext(store, instance.state, memory, realloc);
  const strings = stringCodec(encoding, context);
  const lifter = new Lifter(plan.types, context, strings);
  return {
    context,
    lifter,
    lowerer: new Lowerer(plan, instance.index, context, strings),
    pourer: new Pourer(plan, instance.index, context, strings),
    drainer: new Drainer(plan.types, context, strings, lifter),
  };
}

/** Returns a core function as a function of JavaScript values (`canon lift`). */
export function bindLift(
  plan: Plan,
  type: PlanFunctionType,
  binding: Binding,
  core: CoreFunction,
  postReturn: CoreFunction | null,
): BoundFunction {
  const flat: Flat[] = [];
  const lower = lowerParams(plan, type, binding, flat);
  const invoke = spread(core, lower.flatCount, flat);
  const lift = liftResult(plan, type, binding);
  return bindEntry(binding.context, { lower: lower.run, invoke, lift, postReturn });
}

/** The three steps of a call into a component, and what cleans up after it. */
export interface Entry<Args, Result> {
  readonly lower: (args: Args) => void;
  /** Calls the core function with what was lowered. */
  readonly invoke: () => unknown;
  readonly lift: (returned: unknown, args: Args) => Result;
  readonly postReturn: CoreFunction | null;
}

/** Returns a call into a component, which keeps the rules of entering and leaving it. */
export function bindEntry<Args, Result>(
  { store, instance, memory }: CanonContext,
  { lower, invoke, lift, postReturn }: Entry<Args, Result>,
): (args: Args) => Result {
  return args => {
    if (instance.entered) throw abiTrap('the component is entered while it runs');
    instance.entered = true;
    memory.refresh();
    lower(args);
    const returned = invoke();
    if (store.dead !== null) store.requireAlive();
    memory.refresh();
    const value = lift(returned, args);
    if (postReturn !== null) {
      instance.mayLeave = false;
      if (typeof returned === 'number' || typeof returned === 'bigint') postReturn(returned);
      else postReturn();
      instance.mayLeave = true;
      if (store.dead !== null) store.requireAlive();
    }
    if (instance.borrows !== 0) throw abiTrap('the guest keeps a borrowed handle');
    instance.entered = false;
    return value;
  };
}

/** Returns a function of JavaScript values as a core function (`canon lower`). */
export function bindLower(
  plan: Plan,
  type: PlanFunctionType,
  binding: Binding,
  target: TargetFunction,
): CoreFunction {
  const { context } = binding;
  const flat: Flat[] = [];
  const params = liftParams(plan, type, binding, flat);
  const result = lowerResult(plan, type, binding);
  const slots = params.flatCount + (result.toMemory ? 1 : 0);
  const call = applyLifted(target, params.lifts);
  const { lower } = result;
  return bindExit(context, { slots, flat }, () => {
    const address = result.toMemory ? flat[slots - 1] : 0;
    params.prepare();
    const value = call();
    context.instance.returnLent();
    context.memory.refresh();
    return lower(value, address);
  });
}

/** Returns a core function that leaves a component, which keeps the rules of doing so. */
export function bindExit(
  { store, instance, memory }: CanonContext,
  { slots, flat }: { readonly slots: number; readonly flat: Flat[] },
  leave: () => unknown,
): CoreFunction {
  const run = (): unknown => {
    try {
      if (store.dead !== null) store.requireAlive();
      if (!instance.mayLeave) instance.requireMayLeave();
      memory.refresh();
      return leave();
    } catch (error) {
      store.markDead();
      throw store.kill(error);
    }
  };
  return gather(run, slots, flat);
}

/** Returns a call of `target` with the values that `lifts` read. */
function applyLifted(target: TargetFunction, lifts: readonly (() => unknown)[]): () => unknown {
  const [first, second, third, fourth] = lifts;
  if (first === undefined) return () => target();
  if (second === undefined) return () => target(first());
  if (third === undefined) return () => target(first(), second());
  if (fourth === undefined) return () => target(first(), second(), third());
  return () => target(...lifts.map(lift => lift()));
}

function lowerParams(plan: Plan, type: PlanFunctionType, binding: Binding, flat: Flat[]) {
  const { params } = type;
  const { context, lowerer } = binding;
  const count = params.length;
  const { places, sizeBytes, alignBytes, flatCount } = rowLayout(plan.types, params);
  if (flatCount <= FLAT_PARAMS_MAX) {
    const lowers = places.map(place => {
      const lower = lowerer.flat(place.type);
      return (value: unknown): void => lower(flat, place.slot, value);
    });
    const run = (args: readonly unknown[]): void => {
      requireCount(args, count);
      for (let n = 0; n < count; n += 1) lowers[n]?.(args[n]);
    };
    return { run, flatCount };
  }
  const stores = places.map(place => lowerer.store(place.type));
  const run = (args: readonly unknown[]): void => {
    requireCount(args, count);
    const at = context.allocate(sizeBytes, alignBytes);
    for (let n = 0; n < count; n += 1) stores[n]?.(at + (places[n]?.offset ?? 0), args[n]);
    flat[0] = at;
  };
  return { run, flatCount: 1 };
}

function requireCount(args: readonly unknown[], count: number): void {
  if (args.length === count) return;
  throw new Trap('TRAP_HOST', `${args.length} arguments for ${count} parameters`);
}

function liftResult(plan: Plan, type: PlanFunctionType, binding: Binding) {
  if (type.result === null) return (): undefined => undefined;
  const { context, lifter } = binding;
  const result = typeAt(plan.types, type.result);
  if (result.flat.length > FLAT_RESULTS_MAX) {
    const load = lifter.load(type.result);
    const { sizeBytes, alignBytes } = result;
    return (returned: unknown): unknown => {
      if (typeof returned !== 'number') throw abiTrap('no address returned');
      const at = returned >>> 0;
      context.memory.require(at, sizeBytes, alignBytes);
      return load(at);
    };
  }
  const lift = lifter.flat(type.result);
  const flat: Flat[] = [0];
  return (returned: unknown): unknown => {
    if (typeof returned !== 'number' && typeof returned !== 'bigint') {
      throw abiTrap('no value returned');
    }
    flat[0] = returned;
    return lift(flat, 0);
  };
}

function liftParams(plan: Plan, type: PlanFunctionType, binding: Binding, flat: readonly Flat[]) {
  const { params } = type;
  const { context, lifter } = binding;
  const { places, sizeBytes, alignBytes, flatCount } = rowLayout(plan.types, params);
  if (flatCount <= FLAT_PARAMS_MAX) {
    const lifts = places.map(place => {
      const lift = lifter.flat(place.type);
      return (): unknown => lift(flat, place.slot);
    });
    return { lifts, flatCount, prepare: (): void => undefined };
  }
  let base = 0;
  const lifts = places.map(place => {
    const load = lifter.load(place.type);
    return (): unknown => load(base + place.offset);
  });
  const prepare = (): void => {
    base = Number(flat[0]) >>> 0;
    context.memory.require(base, sizeBytes, alignBytes);
  };
  return { lifts, flatCount: 1, prepare };
}

function lowerResult(plan: Plan, type: PlanFunctionType, binding: Binding) {
  type LowerResult = (value: unknown, address: Flat | undefined) => unknown;
  if (type.result === null) {
    const lower: LowerResult = () => undefined;
    return { toMemory: false, lower };
  }
  const { context, lowerer } = binding;
  const result = typeAt(plan.types, type.result);
  if (result.flat.length > FLAT_RESULTS_MAX) {
    const store = lowerer.store(type.result);
    const { sizeBytes, alignBytes } = result;
    const lower: LowerResult = (value, address) => {
      const at = Number(address) >>> 0;
      context.memory.require(at, sizeBytes, alignBytes);
      store(at, value);
      return undefined;
    };
    return { toMemory: true, lower };
  }
  const flat: Flat[] = [0];
  const into = lowerer.flat(type.result);
  const lower: LowerResult = value => {
    into(flat, 0, value);
    return flat[0];
  };
  return { toMemory: false, lower };
}
