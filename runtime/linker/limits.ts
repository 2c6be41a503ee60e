import { PAGE_BYTES } from '../base/memory-page.ts';

export { PAGE_BYTES };

/** Bounds of what a component may declare. A component beyond one of them is refused. */
export interface LinkLimits {
  readonly componentBytesMax: number;
  readonly coreModulesMax: number;
  /** Pages of one linear memory. */
  readonly memoryPagesPerMemoryMax: number;
  /** Pages of all linear memories of an instance in sum. */
  readonly memoryPagesMax: number;
  /** Entries of all tables of an instance in sum. */
  readonly tableEntriesMax: number;
  /** Functions that the core modules define in sum. */
  readonly functionsMax: number;
  /** Definitions of the component and its nested components in sum. */
  readonly definitionsMax: number;
  /** Steps of the evaluation, type declarations included. */
  readonly evaluationStepsMax: number;
  /** Component and core instances in sum. */
  readonly instancesMax: number;
  /** Components, component types and instance types within each other. */
  readonly nestingMax: number;
  /** Nodes of a type written out as a tree. */
  readonly typeWeightMax: number;
  readonly typeDepthMax: number;
  /** Bytes of an import's or export's name. */
  readonly nameBytesMax: number;
  readonly labelBytesMax: number;
  readonly recordFieldsMax: number;
}

/** The defaults; a manifest may lower the memory and, with policy, raise it. */
export const DEFAULT_LINK_LIMITS: LinkLimits = {
  componentBytesMax: 32 * 1024 * 1024,
  coreModulesMax: 64,
  memoryPagesPerMemoryMax: 512,
  memoryPagesMax: 1_024,
  tableEntriesMax: 10_000,
  functionsMax: 50_000,
  definitionsMax: 20_000,
  evaluationStepsMax: 200_000,
  instancesMax: 200,
  nestingMax: 8,
  typeWeightMax: 20_000,
  typeDepthMax: 100,
  nameBytesMax: 256,
  labelBytesMax: 128,
  recordFieldsMax: 1_000,
};

/** Returns the limits of a component whose instance may have so much linear memory. */
export function linkLimitsWithin(memoryBytesMax: number): LinkLimits {
  const memoryPagesMax = Math.floor(memoryBytesMax / PAGE_BYTES);
  const { memoryPagesPerMemoryMax } = DEFAULT_LINK_LIMITS;
  return {
    ...DEFAULT_LINK_LIMITS,
    memoryPagesMax,
    memoryPagesPerMemoryMax: Math.min(memoryPagesMax, memoryPagesPerMemoryMax),
  };
}

/** Bounds of a running instance. */
export interface ActivationLimits {
  /**
   * Bytes that lifting may make of guest memory in one call, JavaScript's own share included. Of
   * several linked components each has this much, and what a link handed over counts until then.
   */
  readonly liftBytesMax: number;
  /** Bytes of one list or string, in either direction. */
  readonly valueBytesMax: number;
  /** Entries of one component instance's handle table. */
  readonly handlesMax: number;
}

/** The defaults of a running instance. */
export const DEFAULT_ACTIVATION_LIMITS: ActivationLimits = {
  liftBytesMax: 16 * 1024 * 1024,
  valueBytesMax: 1024 * 1024,
  handlesMax: 65_536,
};

/** Bytes of a core module's import or export name. Core names follow no grammar. */
export const CORE_NAME_BYTES_MAX = 1_024;
/** Imports, and exports, of one core module. */
export const CORE_EXTERNS_MAX = 10_000;
/** Parameters, and results, of one core function type. */
export const CORE_VALUES_MAX = 1_000;
