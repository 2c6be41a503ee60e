/**
 * The component linker's public surface. Pure: bytes in, plain data or a bound instance out; no
 * I/O, no clock, no generated code.
 *
 * `stageComponent` runs in a short-lived process without authority, `activateComponent` in a
 * worker.
 */
export type {
  ActivationLimits,
  FramedImports,
  FramedInterface,
  Handle,
  HostFunction,
  HostImports,
  HostInterface,
} from './activate.ts';
export { activateComponent } from './activate.ts';
export { activationOrder, composeParts } from './compose-parts.ts';
export { activateComposition, type Part } from './composition.ts';
export { LinkError, type LinkErrorCode, Trap, type TrapCode } from './errors.ts';
export type { FrameCall, FrameFunction, FrameSink, FrameSource } from './frame.ts';
export {
  DEFAULT_ACTIVATION_LIMITS,
  DEFAULT_LINK_LIMITS,
  type LinkLimits,
  linkLimitsWithin,
} from './limits.ts';
export type { Plan } from './plan.ts';
export { type StagedComponent, stageComponent } from './stage.ts';
export { RANDOM_BYTES_MAX, type WasiServices, wasiImports } from './wasi/index.ts';
