import { spread } from './arity.ts';
import { type Binding, bindEntry, bindExit } from './canon.ts';
import { abiTrap } from './errors.ts';
import type { FrameCall, FrameFunction, FrameSink, FrameSource } from './frame.ts';
import type { Plan, PlanFunctionType } from './plan.ts';
import { rowLayout, typeAt } from './row-layout.ts';
import type { CoreFunction, Flat } from './store.ts';
import { FLAT_PARAMS_MAX, FLAT_RESULTS_MAX } from './types.ts';

/** Returns a core function as a function of frames (`canon lift`). */
export function bindFrameLift(
  plan: Plan,
  type: PlanFunctionType,
  binding: Binding,
  core: CoreFunction,
  postReturn: CoreFunction | null,
): (call: FrameCall) => void {
  const flat: Flat[] = [];
  const { pour, flatCount } = pourParams(plan, type, binding, flat);
  const drain = drainResult(plan, type, binding);
  return bindEntry(binding.context, {
    lower: ({ source }) => {
      pour(source);
      source.finish();
    },
    invoke: spread(core, flatCount, flat),
    lift: (returned, call) => drain(returned, call.openResult()),
    postReturn,
  });
}

/** Returns a function of frames as a core function (`canon lower`). */
export function bindFrameLower(
  plan: Plan,
  type: PlanFunctionType,
  binding: Binding,
  target: FrameFunction,
): CoreFunction {
  const { context } = binding;
  const flat: Flat[] = [];
  const params = drainParams(plan, type, binding, flat);
  const result = pourResult(plan, type, binding);
  const slots = params.flatCount + (result.toMemory ? 1 : 0);
  const { drain } = params;
  const { pour } = result;
  return bindExit(context, { slots, flat }, () => {
    const address = result.toMemory ? Number(flat[slots - 1]) >>> 0 : 0;
    drain(target.ask());
    const source = target.answer();
    context.instance.returnLent();
    context.memory.refresh();
    const value = pour(source, address);
    source.finish();
    return value;
  });
}

function pourParams(plan: Plan, type: PlanFunctionType, binding: Binding, flat: Flat[]) {
  const { context, pourer } = binding;
  const { params } = type;
  const { places, sizeBytes, alignBytes, flatCount } = rowLayout(plan.types, params);
  if (flatCount <= FLAT_PARAMS_MAX) {
    const parts = places.map(({ type, slot }) => ({ slot, pour: pourer.flat(type) }));
    const pour = (source: FrameSource): void => {
      for (const part of parts) part.pour(flat, part.slot, source);
    };
    return { pour, flatCount };
  }
  const parts = places.map(({ type, offset }) => ({ offset, pour: pourer.store(type) }));
  const pour = (source: FrameSource): void => {
    const at = context.allocate(sizeBytes, alignBytes);
    for (const part of parts) part.pour(at + part.offset, source);
    flat[0] = at;
  };
  return { pour, flatCount: 1 };
}

function drainResult(plan: Plan, type: PlanFunctionType, binding: Binding) {
  if (type.result === null) return (): void => undefined;
  const { context, drainer } = binding;
  const result = typeAt(plan.types, type.result);
  if (result.flat.length > FLAT_RESULTS_MAX) {
    const load = drainer.load(type.result);
    const { sizeBytes, alignBytes } = result;
    return (returned: unknown, sink: FrameSink): void => {
      if (typeof returned !== 'number') throw abiTrap('no address returned');
      const at = returned >>> 0;
      context.memory.require(at, sizeBytes, alignBytes);
      load(at, sink);
    };
  }
  const drain = drainer.flat(type.result);
  const flat: Flat[] = [0];
  return (returned: unknown, sink: FrameSink): void => {
    if (typeof returned !== 'number' && typeof returned !== 'bigint') {
      throw abiTrap('no value returned');
    }
    flat[0] = returned;
    drain(flat, 0, sink);
  };
}

function drainParams(plan: Plan, type: PlanFunctionType, binding: Binding, flat: readonly Flat[]) {
  const { context, drainer } = binding;
  const { params } = type;
  const { places, sizeBytes, alignBytes, flatCount } = rowLayout(plan.types, params);
  if (flatCount <= FLAT_PARAMS_MAX) {
    const parts = places.map(({ type, slot }) => ({ slot, drain: drainer.flat(type) }));
    const drain = (sink: FrameSink): void => {
      for (const part of parts) part.drain(flat, part.slot, sink);
    };
    return { drain, flatCount };
  }
  const parts = places.map(({ type, offset }) => ({ offset, drain: drainer.load(type) }));
  const drain = (sink: FrameSink): void => {
    const at = Number(flat[0]) >>> 0;
    context.memory.require(at, sizeBytes, alignBytes);
    for (const part of parts) part.drain(at + part.offset, sink);
  };
  return { drain, flatCount: 1 };
}

function pourResult(plan: Plan, type: PlanFunctionType, binding: Binding) {
  type PourResult = (source: FrameSource, address: number) => unknown;
  if (type.result === null) {
    const pour: PourResult = () => undefined;
    return { toMemory: false, pour };
  }
  const { context, pourer } = binding;
  const result = typeAt(plan.types, type.result);
  if (result.flat.length > FLAT_RESULTS_MAX) {
    const store = pourer.store(type.result);
    const { sizeBytes, alignBytes } = result;
    const pour: PourResult = (source, address) => {
      context.memory.require(address, sizeBytes, alignBytes);
      store(address, source);
      return undefined;
    };
    return { toMemory: true, pour };
  }
  const flat: Flat[] = [0];
  const into = pourer.flat(type.result);
  const pour: PourResult = source => {
    into(flat, 0, source);
    return flat[0];
  };
  return { toMemory: false, pour };
}
