import { coreMatches } from './core-match.ts';
import { signatureOf } from './core-scan.ts';
import type {
  Canon,
  CanonOptions,
  ComponentDefinition,
  Definition,
  NamedItem,
  ParsedComponent,
} from './definitions.ts';
import { LinkError } from './errors.ts';
import { TypeEvaluator } from './evaluate-types.ts';
import { ExternNames } from './extern-names.ts';
import type { LinkLimits } from './limits.ts';
import { annotationOf, externKeys, ROOT_INTERFACE } from './names.ts';
import type { PlanFunctionType, PlanOptions } from './plan.ts';
import { PlanBuilder } from './plan-builder.ts';
import {
  type AnyItem,
  type ComponentItem,
  type CoreItem,
  type InstanceItem,
  isSort,
  Scope,
} from './scope.ts';
import { FLAT_PARAMS_MAX, FLAT_RESULTS_MAX } from './types.ts';

/** An import or export of the root, for the shape. */
export interface RootExtern {
  readonly name: string;
  readonly item: AnyItem;
}

/** An evaluated component: its plan under way, and the root's imports and exports in order. */
export interface Evaluation {
  readonly builder: PlanBuilder;
  readonly imports: readonly RootExtern[];
  readonly exports: readonly RootExtern[];
}

/**
 * Evaluates a component: fills all index spaces, resolves aliases, instantiates nested components
 * into the one flat plan, and checks every type and signature. Runs no guest code.
 * @throws LinkError
 */
export function evaluateComponent(parsed: ParsedComponent, limits: LinkLimits): Evaluation {
  const evaluation = new Evaluator(parsed, limits, false).root();
  // Second, and with more room: what could not be linked at all is refused at less cost.
  const validationLimits = {
    ...limits,
    evaluationStepsMax: limits.evaluationStepsMax * VALIDATION_FACTOR,
    instancesMax: limits.instancesMax * VALIDATION_FACTOR,
  };
  new Evaluator(parsed, validationLimits, true).root();
  return evaluation;
}

/** Validation evaluates each component once on its own and once more wherever it is made. */
const VALIDATION_FACTOR = 4;

/** A component under evaluation. */
interface Frame {
  readonly scope: Scope;
  /** Null where imports stand for themselves: at the root, and in validation. */
  readonly args: ReadonlyMap<string, AnyItem> | null;
  readonly exports: Map<string, AnyItem>;
  readonly names: ExternNames | null;
}

/**
 * Evaluates a component. When it validates, its plan is thrown away, and every component and every
 * type is evaluated with imports that stand for themselves, whether anything uses it or not.
 */
class Evaluator {
  readonly #parsed: ParsedComponent;
  readonly #builder: PlanBuilder;
  readonly #types: TypeEvaluator;
  readonly #validates: boolean;
  readonly #validated = new Set<ComponentDefinition>();
  readonly #rootImports: RootExtern[] = [];

  constructor(parsed: ParsedComponent, limits: LinkLimits, validates: boolean) {
    this.#parsed = parsed;
    this.#builder = new PlanBuilder(limits);
    this.#validates = validates;
    const instantiate = validates
      ? (component: ComponentItem, args: ReadonlyMap<string, AnyItem>) =>
          this.#instanceOf(component, args, -1)
      : null;
    this.#types = new TypeEvaluator(this.#builder, limits, instantiate);
  }

  root(): Evaluation {
    const { exports } = this.#component(this.#parsed.root, null, null, -1);
    const listed: RootExtern[] = [];
    for (const [name, item] of exports) {
      listed.push({ name, item });
      if (isSort(item, 'func')) this.#exportFunction(ROOT_INTERFACE, name, item);
      if (!isSort(item, 'instance')) continue;
      for (const [inner, member] of item.exports) {
        if (isSort(member, 'func')) this.#exportFunction(name, inner, member);
      }
    }
    return { builder: this.#builder, imports: this.#rootImports, exports: listed };
  }

  #exportFunction(from: string, name: string, item: AnyItem): void {
    if (!isSort(item, 'func')) return;
    const { type, source } = item;
    this.#builder.exports.push({ interface: from, function: name, type, source });
  }

  /** `args` is null for the root, whose imports come from the host. */
  #component(
    definition: ComponentDefinition,
    outer: Scope | null,
    args: ReadonlyMap<string, AnyItem> | null,
    parent: number,
  ): InstanceItem {
    const scope = new Scope(outer, this.#builder.componentInstance(parent));
    const exports = new Map<string, AnyItem>();
    const count = (steps: number): void => this.#builder.count(steps);
    const names = this.#validates && args === null ? new ExternNames(true, count) : null;
    const frame = { scope, args, exports, names };
    for (const step of definition.definitions) {
      this.#builder.count();
      try {
        this.#define(step, frame);
      } catch (error) {
        if (!(error instanceof LinkError) || error.offset >= 0) throw error;
        throw new LinkError(error.code, error.message, step.offset, { cause: error.cause });
      }
    }
    return { sort: 'instance', exports };
  }

  #define(step: Definition, frame: Frame): void {
    const { scope } = frame;
    switch (step.kind) {
      case 'core-module':
        scope.push({ sort: 'core module', module: step.module });
        return;
      case 'core-instantiate':
        this.#instantiateCore(step.module, step.arguments, scope);
        return;
      case 'core-inline':
        this.#inlineCore(step.items, scope);
        return;
      case 'component':
        this.#validate(step.component, scope);
        scope.push({
          sort: 'component',
          body: { kind: 'defined', definition: step.component, scope },
        });
        return;
      case 'instantiate':
        this.#instantiate(step.component, step.arguments, scope);
        return;
      case 'inline':
        scope.push({ sort: 'instance', exports: this.#named(step.items, scope, true) });
        return;
      case 'alias':
        scope.push(this.#alias(step, scope));
        return;
      case 'type':
        scope.push(this.#types.define(step.type, scope));
        return;
      case 'canon':
        scope.push(this.#canon(step.canon, scope));
        return;
      case 'import':
        scope.push(this.#import(step, frame));
        return;
      case 'export':
        scope.push(this.#export(step, frame));
        return;
    }
  }

  /** Evaluates a component by itself, once. */
  #validate(component: ComponentDefinition, scope: Scope): void {
    if (!this.#validates || this.#validated.has(component)) return;
    this.#validated.add(component);
    this.#component(component, scope, null, scope.instance);
  }

  #export(
    step: Extract<Definition, { kind: 'export' }>,
    { scope, exports, names }: Frame,
  ): AnyItem {
    if (step.item === null) throw invalid('an export of nothing');
    const { name, description } = step;
    let item: AnyItem = scope.get(step.item.sort, step.item.index);
    if (description !== null) {
      item = this.#types.ascribe(name, item, description, scope, '', 'described');
      if (description.kind === 'type-resource') item = this.#types.opaque(item, step);
    } else if (isSort(item, 'type')) {
      item = this.#types.naming.renamed(item, step);
    }
    names?.add('export', name, item);
    exports.set(name, item);
    return item;
  }

  #import(step: Extract<Definition, { kind: 'import' }>, { scope, args, names }: Frame): AnyItem {
    const { name, description } = step;
    if (args === null) {
      const host = description.kind === 'instance' ? '' : ROOT_INTERFACE;
      const item = this.#types.ascribe(name, null, description, scope, host, 'described');
      names?.add('import', name, item);
      this.#rootImports.push({ name, item });
      return item;
    }
    const argument = args.get(name);
    if (argument === undefined) throw invalid(`the argument "${name}" is missing`);
    return this.#types.ascribe(name, argument, description, scope, '', 'argument');
  }

  #named(items: readonly NamedItem[], scope: Scope, extern: boolean): Map<string, AnyItem> {
    const named = new Map<string, AnyItem>();
    const keys = new Set<string>();
    for (const { name, sort, index } of items) {
      this.#builder.count();
      for (const key of extern ? externKeys(name) : [name]) {
        if (keys.has(key)) throw invalid(`"${name}" is there twice`);
        keys.add(key);
      }
      // Nothing in a bag of exports gets a name of its own, not even a resource.
      if (extern && annotationOf(name) !== null) throw invalid(`"${name}" belongs to no resource`);
      named.set(name, scope.get(sort, index));
    }
    return named;
  }

  #instantiate(component: number, items: readonly NamedItem[], scope: Scope): void {
    const args = this.#named(items, scope, false);
    scope.push(this.#instanceOf(scope.get('component', component), args, scope.instance));
  }

  #instanceOf(
    { body }: ComponentItem,
    args: ReadonlyMap<string, AnyItem>,
    parent: number,
  ): InstanceItem {
    if (body.kind === 'declared') return this.#types.instanceOf(body.type, args);
    return this.#component(body.definition, body.scope, args, parent);
  }

  #instantiateCore(
    module: number,
    args: readonly { readonly name: string; readonly instance: number }[],
    scope: Scope,
  ): void {
    const index = scope.get('core module', module).module;
    const scan = this.#parsed.modules[index];
    if (scan === undefined) throw invalid('a missing core module');
    const instances = new Map<string, number>();
    for (const { name, instance } of args) {
      if (instances.has(name)) throw invalid(`the core argument "${name}" is there twice`);
      scope.get('core instance', instance);
      instances.set(name, instance);
    }
    const given: { module: string; name: string; item: CoreItem }[] = [];
    for (const { module: from, name, type } of scan.imports) {
      this.#builder.count();
      const instance = instances.get(from);
      if (instance === undefined) throw invalid(`the core argument "${from}" is missing`);
      const item = this.#coreExport(instance, name, scope);
      if (item.sort !== `core ${type.kind}`) throw invalid(`"${name}" is no core ${type.kind}`);
      if (item.sort === 'core func' && type.kind === 'func' && item.signature !== type.signature) {
        const want = `${type.signature}, got ${item.signature}`;
        throw invalid(`core function "${from}" "${name}": wanted ${want}`);
      }
      if (item.sort !== 'core func' && !coreMatches(type, item.type)) {
        throw invalid(`the core ${type.kind} "${from}" "${name}" is of another type`);
      }
      given.push({ module: from, name, item });
    }
    const coreInstance = this.#builder.instantiateStep(index, scan, given);
    const origin = { index: coreInstance, module: scan };
    scope.push({ sort: 'core instance', origin, items: new Map() });
  }

  #inlineCore(items: readonly NamedItem[], scope: Scope): void {
    const found = new Map<string, CoreItem>();
    for (const { name, sort, index } of items) {
      this.#builder.count();
      if (found.has(name)) throw invalid(`the core item "${name}" is there twice`);
      const item: AnyItem = scope.get(sort, index);
      if (!isCoreItem(item)) throw invalid(`"${name}" is no core item`);
      found.set(name, item);
    }
    scope.push({ sort: 'core instance', origin: null, items: found });
  }

  #coreExport(instance: number, name: string, scope: Scope): CoreItem {
    const { origin, items } = scope.get('core instance', instance);
    const known = items.get(name);
    if (known !== undefined) return known;
    const type = origin?.module.exports.get(name);
    if (origin === null || type === undefined) {
      throw invalid(`core instance ${instance} has no export ${JSON.stringify(name)}`);
    }
    const register = this.#builder.exportStep(origin.index, name);
    const item: CoreItem =
      type.kind === 'func'
        ? { sort: 'core func', register, signature: type.signature }
        : { sort: `core ${type.kind}`, register, type };
    items.set(name, item);
    return item;
  }

  #alias(step: Extract<Definition, { kind: 'alias' }>, scope: Scope): AnyItem {
    const { sort, target } = step;
    if (target.kind === 'core-export') {
      const item = this.#coreExport(target.instance, target.name, scope);
      if (item.sort !== sort) throw invalid(`"${target.name}" is no ${sort}`);
      return item;
    }
    if (target.kind === 'export') {
      const item = scope.get('instance', target.instance).exports.get(target.name);
      if (item?.sort !== sort) throw invalid(`an instance has no ${sort} "${target.name}"`);
      return item;
    }
    if (sort === 'type') return this.#types.outerType(scope, target.count, target.index);
    if (sort !== 'component' && sort !== 'core module') {
      throw invalid(`an outer alias of a ${sort}`);
    }
    let from: Scope = scope;
    for (let left = target.count; left > 0; left -= 1) {
      if (from.outer === null) throw invalid('an alias reaches outside the component');
      from = from.outer;
    }
    return from.get(sort, target.index);
  }

  #canon(canon: Canon, scope: Scope): AnyItem {
    switch (canon.canon) {
      case 'lift':
        return this.#lift(canon, scope);
      case 'lower':
        return this.#lower(canon, scope);
      default: {
        const { type } = scope.get('type', canon.type);
        if (type.kind !== 'resource') throw invalid(`${canon.canon} of no resource`);
        const owner = this.#builder.resources[type.index]?.instance;
        if (canon.canon !== 'resource-drop' && owner !== scope.instance) {
          throw invalid(`${canon.canon} of a resource that is not the component's own`);
        }
        const register = this.#builder.canonStep({
          kind: canon.canon,
          resource: type.index,
          instance: scope.instance,
        });
        const signature = canon.canon === 'resource-drop' ? 'i>' : 'i>i';
        return { sort: 'core func', register, signature };
      }
    }
  }

  #lift(canon: Extract<Canon, { canon: 'lift' }>, scope: Scope): AnyItem {
    const { type, names } = scope.get('type', canon.type);
    if (type.kind !== 'func') throw invalid('a lift to no function type');
    const { params, result, inPointers, outPointers, wide, tall } = this.#flatten(type.index);
    const core = scope.get('core func', canon.core);
    const returned = tall ? 'i' : result;
    const wanted = signatureOf(wide ? 'i' : params, returned);
    if (core.signature !== wanted) {
      throw invalid(`a lifted core function: wanted ${wanted}, got ${core.signature}`);
    }
    const options = this.#options(canon.options, scope, {
      memory: inPointers || outPointers || wide || tall,
      realloc: inPointers || wide,
      postReturn: returned,
    });
    const { instance } = scope;
    const index = this.#builder.lift({ core: core.register, type: type.index, instance, options });
    return { sort: 'func', type: type.index, names, source: { kind: 'lift', index }, instance };
  }

  #lower(canon: Extract<Canon, { canon: 'lower' }>, scope: Scope): AnyItem {
    const { type, source, instance } = scope.get('func', canon.function);
    const { params, result, inPointers, outPointers, wide, tall } = this.#flatten(type);
    const signature = signatureOf(`${wide ? 'i' : params}${tall ? 'i' : ''}`, tall ? '' : result);
    const options = this.#options(canon.options, scope, {
      memory: inPointers || outPointers || wide || tall,
      realloc: outPointers,
      postReturn: null,
    });
    const register = this.#builder.canonStep({
      kind: 'lower',
      source,
      type,
      instance: scope.instance,
      options,
      recursive: instance >= 0 && this.#builder.related(scope.instance, instance),
    });
    return { sort: 'core func', register, signature };
  }

  #flatten(index: number) {
    const { types } = this.#builder;
    const type: PlanFunctionType = types.functionType(index);
    const params = types.flatten(type.params);
    const result = type.result === null ? '' : types.type(type.result).flat;
    return {
      params,
      result,
      inPointers: type.params.some(param => types.facts(param).hasPointer),
      outPointers: type.result !== null && types.facts(type.result).hasPointer,
      wide: params.length > FLAT_PARAMS_MAX,
      tall: result.length > FLAT_RESULTS_MAX,
    };
  }

  #options(
    options: CanonOptions,
    scope: Scope,
    needs: {
      readonly memory: boolean;
      readonly realloc: boolean;
      readonly postReturn: string | null;
    },
  ): PlanOptions {
    const { encoding, memory, realloc, postReturn } = options;
    if (needs.memory && memory === null) throw invalid('a canonical definition lacks a memory');
    if (needs.realloc && realloc === null) throw invalid('a canonical definition lacks a realloc');
    if (realloc !== null && memory === null) throw invalid('a realloc without a memory');
    const register = (index: number | null, signature: string, what: string): number | null => {
      if (index === null) return null;
      const item = scope.get('core func', index);
      if (item.signature !== signature) throw invalid(`a ${what} with another signature`);
      return item.register;
    };
    if (postReturn !== null && needs.postReturn === null) throw invalid('a lower with post-return');
    return {
      encoding,
      memory: memory === null ? null : scope.get('core memory', memory).register,
      realloc: register(realloc, 'iiii>i', 'realloc'),
      postReturn: register(postReturn, `${needs.postReturn ?? ''}>`, 'post-return'),
    };
  }
}

function isCoreItem(item: AnyItem): item is CoreItem {
  return (
    item.sort === 'core func' ||
    item.sort === 'core table' ||
    item.sort === 'core memory' ||
    item.sort === 'core global'
  );
}

function invalid(message: string): LinkError {
  return new LinkError('LINK_INVALID', message);
}
