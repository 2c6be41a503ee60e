import type { ComponentShape } from '../base/value-type.ts';
import { type CoreModule, rewriteCoreModule } from './core-scan.ts';
import { LinkError } from './errors.ts';
import { evaluateComponent } from './evaluate.ts';
import type { LinkLimits } from './limits.ts';
import { capsOf } from './memory-caps.ts';
import { parseComponent } from './parse.ts';
import type { Plan } from './plan.ts';
import { shapeOf } from './shape.ts';

/** A component ready to be compiled and activated. Plain data. */
export interface StagedComponent {
  readonly plan: Plan;
  /** Core modules by the plan's indices, memories and tables capped, without custom sections. */
  readonly modules: readonly Uint8Array[];
  readonly shape: ComponentShape;
}

/**
 * Parses and evaluates a component without running any of it. What it returns can fail at
 * activation only by a trap or by the engine's own validation of a core module.
 * @throws LinkError and nothing else
 */
export function stageComponent(bytes: Uint8Array, limits: LinkLimits): StagedComponent {
  try {
    const parsed = parseComponent(bytes, limits);
    const evaluation = evaluateComponent(parsed, limits);
    const { builder } = evaluation;
    const used: { scan: CoreModule; copies: number }[] = [];
    for (const index of builder.usedModules()) {
      const scan = parsed.modules[index];
      if (scan === undefined) throw new LinkError('LINK_INVALID', 'a missing core module');
      const copies = builder.instantiated.filter(module => module === index).length;
      used.push({ scan, copies });
    }
    const caps = capsOf(used, limits);
    const modules = used.map(({ scan }, index) => {
      const cap = caps[index] ?? { memoryPagesMax: 0, tableMax: [] };
      return rewriteCoreModule(scan, cap.memoryPagesMax, cap.tableMax);
    });
    return { shape: shapeOf(evaluation), plan: builder.finish(), modules };
  } catch (cause) {
    if (cause instanceof LinkError) throw cause;
    throw new LinkError('LINK_INVALID', 'the component defeats the linker', -1, { cause });
  }
}
