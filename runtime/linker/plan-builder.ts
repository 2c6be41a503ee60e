import { PAGE_BYTES } from '../base/memory-page.ts';
import type { CoreModule } from './core-scan.ts';
import { LinkError } from './errors.ts';
import type { LinkLimits } from './limits.ts';
import {
  PLAN_VERSION,
  type Plan,
  type PlanExport,
  type PlanImport,
  type PlanLift,
  type PlanResource,
  type PlanStep,
} from './plan.ts';
import type { CoreItem } from './scope.ts';
import { TypeTable } from './types.ts';

/** Collects a plan while a component is evaluated, and counts what evaluation costs. */
export class PlanBuilder {
  readonly types: TypeTable;
  readonly resources: PlanResource[] = [];
  readonly exports: PlanExport[] = [];
  readonly instanceParents: number[] = [];
  /** Indices into the file's modules, one for each core instance. */
  readonly instantiated: number[] = [];
  readonly #limits: LinkLimits;
  readonly #imports: PlanImport[] = [];
  readonly #lifts: PlanLift[] = [];
  readonly #steps: PlanStep[] = [];
  readonly #memories: { coreInstance: number; name: string }[] = [];
  readonly #moduleIndices = new Map<number, number>();
  #hiddenMemoryBytes = 0;
  #registers = 0;
  #cost = 0;

  constructor(limits: LinkLimits) {
    this.#limits = limits;
    this.types = new TypeTable(limits);
  }

  /** Counts evaluation steps. @throws LinkError `LINK_LIMIT` */
  count(steps = 1): void {
    this.#cost += steps;
    if (this.#cost > this.#limits.evaluationStepsMax) {
      throw new LinkError('LINK_LIMIT', `over ${this.#limits.evaluationStepsMax} evaluation steps`);
    }
  }

  /** Returns the register of a core instance's export. */
  exportStep(coreInstance: number, name: string): number {
    return this.#registerOf({ kind: 'export', coreInstance, name });
  }

  /** Returns the register of a function that the canon defines. */
  canonStep(step: Exclude<PlanStep, { kind: 'instantiate' | 'export' }>): number {
    return this.#registerOf(step);
  }

  /** Adds a core instance and returns its index. */
  instantiateStep(
    module: number,
    scan: CoreModule,
    args: readonly { module: string; name: string; item: CoreItem }[],
  ): number {
    this.#countInstance();
    const coreInstance = this.instantiated.length;
    this.instantiated.push(module);
    let at = this.#moduleIndices.get(module);
    if (at === undefined) {
      at = this.#moduleIndices.size;
      this.#moduleIndices.set(module, at);
    }
    this.#steps.push({
      kind: 'instantiate',
      module: at,
      arguments: args.map(({ module: from, name, item }) => ({
        module: from,
        name,
        register: item.register,
      })),
    });
    if (scan.memory !== null) this.#addMemory(coreInstance, scan.memory);
    return coreInstance;
  }

  /** Adds a component instance and returns its index. */
  componentInstance(parent: number): number {
    this.#countInstance();
    this.instanceParents.push(parent);
    return this.instanceParents.length - 1;
  }

  import(entry: PlanImport): number {
    return this.#imports.push(entry) - 1;
  }

  lift(lift: PlanLift): number {
    return this.#lifts.push(lift) - 1;
  }

  resource(resource: PlanResource): number {
    return this.resources.push(resource) - 1;
  }

  /** Whether one instance is the other, or made it, at any distance. */
  related(a: number, b: number): boolean {
    return this.#descends(a, b) || this.#descends(b, a);
  }

  /** The file's modules that are instantiated at all, in the order of the plan's indices. */
  usedModules(): readonly number[] {
    return [...this.#moduleIndices.keys()];
  }

  finish(): Plan {
    return {
      version: PLAN_VERSION,
      types: this.types.types,
      functionTypes: this.types.functionTypes,
      resources: this.resources,
      instanceParents: this.instanceParents,
      imports: this.#imports,
      lifts: this.#lifts,
      steps: this.#steps,
      exports: this.exports,
      memories: this.#memories,
      hiddenMemoryBytes: this.#hiddenMemoryBytes,
    };
  }

  #registerOf(step: PlanStep): number {
    this.count();
    this.#steps.push(step);
    this.#registers += 1;
    return this.#registers - 1;
  }

  #addMemory(coreInstance: number, memory: NonNullable<CoreModule['memory']>): void {
    if (memory.exportName === null) this.#hiddenMemoryBytes += memory.min * PAGE_BYTES;
    else this.#memories.push({ coreInstance, name: memory.exportName });
  }

  #countInstance(): void {
    this.count();
    if (this.instantiated.length + this.instanceParents.length >= this.#limits.instancesMax) {
      throw new LinkError('LINK_LIMIT', `over ${this.#limits.instancesMax} instances`);
    }
  }

  #descends(from: number, ancestor: number): boolean {
    for (let at = from; at >= 0; at = this.instanceParents[at] ?? -1) {
      if (at === ancestor) return true;
    }
    return false;
  }
}
