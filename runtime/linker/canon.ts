import { abiTrap, Trap } from './errors.ts';
import { CanonContext, type GuestMemory } from './guest-memory.ts';
import { Lifter, typeAt } from './lift.ts';
import { Lowerer } from './lower.ts';
import type { Plan, PlanFunctionType, PlanOptions } from './plan.ts';
import type { InstanceState } from './resources.ts';
import type { BoundFunction, CoreFunction, Flat, Store } from './store.ts';
import { stringCodec } from './strings.ts';
import { alignTo, FLAT_PARAMS_MAX, FLAT_RESULTS_MAX } from './types.ts';

/** A set of canonical options made real: what lifts and what lowers for one instance. */
export interface Binding {
  readonly context: CanonContext;
  readonly lifter: Lifter;
  readonly lowerer: Lowerer;
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
  return {
    context,
    lifter: new Lifter(plan.types, context, strings),
    lowerer: new Lowerer(plan, instance.index, context, strings),
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
  const { context } = binding;
  const { store, instance, memory } = context;
  const flat: Flat[] = [];
  const lower = lowerParams(plan, type, binding, flat);
  const invoke = spread(core, lower.flatCount, flat);
  const lift = liftResult(plan, type, binding);
  const { count } = lower;
  return args => {
    if (instance.entered) throw abiTrap('the component is entered while it runs');
    if (args.length !== count) {
      throw new Trap('TRAP_HOST', `${args.length} arguments for ${count} parameters`);
    }
    instance.entered = true;
    if (count > 0) {
      memory.refresh();
      lower.run(args);
    }
    const returned = invoke();
    if (store.dead !== null) store.requireAlive();
    memory.refresh();
    const value = lift(returned);
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
  const { store, instance } = context;
  const flat: Flat[] = [];
  const params = liftParams(plan, type, binding, flat);
  const result = lowerResult(plan, type, binding);
  const slots = params.flatCount + (result.toMemory ? 1 : 0);
  const call = applyLifted(target, params.lifts);
  const { lower } = result;
  const run = (): unknown => {
    try {
      if (store.dead !== null) store.requireAlive();
      if (!instance.mayLeave) instance.requireMayLeave();
      context.memory.refresh();
      const address = result.toMemory ? flat[slots - 1] : 0;
      params.prepare();
      const value = call();
      instance.returnLent();
      context.memory.refresh();
      return lower(value, address);
    } catch (error) {
      store.markDead();
      throw store.kill(error);
    }
  };
  return gather(run, slots, flat);
}

/** Returns a core function of fixed arity, so that V8 needs no adaptor, that fills `flat`. */
function gather(run: () => unknown, count: number, flat: Flat[]): CoreFunction {
  switch (count) {
    case 0:
      return () => run();
    case 1:
      return (a = 0) => {
        flat[0] = a;
        return run();
      };
    case 2:
      return (a = 0, b = 0) => {
        flat[0] = a;
        flat[1] = b;
        return run();
      };
    case 3:
      return (a = 0, b = 0, c = 0) => {
        flat[0] = a;
        flat[1] = b;
        flat[2] = c;
        return run();
      };
    case 4:
      return (a = 0, b = 0, c = 0, d = 0) => {
        flat[0] = a;
        flat[1] = b;
        flat[2] = c;
        flat[3] = d;
        return run();
      };
    case 5:
      return (a = 0, b = 0, c = 0, d = 0, e = 0) => {
        flat[0] = a;
        flat[1] = b;
        flat[2] = c;
        flat[3] = d;
        flat[4] = e;
        return run();
      };
    default:
      return (...args) => {
        for (let n = 0; n < count; n += 1) flat[n] = args[n] ?? 0;
        return run();
      };
  }
}

/** Returns a call of `core` with the first `count` values of `flat`. */
function spread(core: CoreFunction, count: number, flat: readonly Flat[]): () => unknown {
  const at = (n: number): Flat => flat[n] ?? 0;
  switch (count) {
    case 0:
      return () => core();
    case 1:
      return () => core(at(0));
    case 2:
      return () => core(at(0), at(1));
    case 3:
      return () => core(at(0), at(1), at(2));
    case 4:
      return () => core(at(0), at(1), at(2), at(3));
    case 5:
      return () => core(at(0), at(1), at(2), at(3), at(4));
    case 6:
      return () => core(at(0), at(1), at(2), at(3), at(4), at(5));
    default:
      return () => core(...flat.slice(0, count));
  }
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

function flatCountOf(plan: Plan, indices: readonly number[]): number {
  return indices.reduce((sum, index) => sum + typeAt(plan.types, index).flat.length, 0);
}

/** The layout of a function's parameters when they go through memory. */
function tupleLayout(plan: Plan, indices: readonly number[]) {
  let size = 0;
  let align = 1;
  const offsets = indices.map(index => {
    const type = typeAt(plan.types, index);
    const offset = alignTo(size, type.alignBytes);
    size = offset + type.sizeBytes;
    align = Math.max(align, type.alignBytes);
    return offset;
  });
  return { offsets, size: alignTo(size, align), align };
}

function lowerParams(plan: Plan, type: PlanFunctionType, binding: Binding, flat: Flat[]) {
  const { params } = type;
  const { context, lowerer } = binding;
  const count = params.length;
  const flatCount = flatCountOf(plan, params);
  if (flatCount <= FLAT_PARAMS_MAX) {
    let slot = 0;
    const lowers = params.map(index => {
      const lower = lowerer.flat(index);
      const at = slot;
      slot += typeAt(plan.types, index).flat.length;
      return (value: unknown): void => lower(flat, at, value);
    });
    const run = (args: readonly unknown[]): void => {
      for (let n = 0; n < count; n += 1) lowers[n]?.(args[n]);
    };
    return { run, count, flatCount };
  }
  const { offsets, size, align } = tupleLayout(plan, params);
  const stores = params.map(index => lowerer.store(index));
  const run = (args: readonly unknown[]): void => {
    const at = context.allocate(size, align);
    for (let n = 0; n < count; n += 1) stores[n]?.(at + (offsets[n] ?? 0), args[n]);
    flat[0] = at;
  };
  return { run, count, flatCount: 1 };
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
  const flatCount = flatCountOf(plan, params);
  if (flatCount <= FLAT_PARAMS_MAX) {
    let slot = 0;
    const lifts = params.map(index => {
      const lift = lifter.flat(index);
      const at = slot;
      slot += typeAt(plan.types, index).flat.length;
      return (): unknown => lift(flat, at);
    });
    return { lifts, flatCount, prepare: (): void => undefined };
  }
  const { offsets, size, align } = tupleLayout(plan, params);
  let base = 0;
  const lifts = params.map((index, n) => {
    const load = lifter.load(index);
    const offset = offsets[n] ?? 0;
    return (): unknown => load(base + offset);
  });
  const prepare = (): void => {
    base = Number(flat[0]) >>> 0;
    context.memory.require(base, size, align);
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
