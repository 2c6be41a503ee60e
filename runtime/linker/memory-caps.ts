import type { CoreModule } from './core-scan.ts';
import { LinkError } from './errors.ts';
import type { LinkLimits } from './limits.ts';

/** Something that grows: how small it starts, how far it wants to go, how often it is made. */
interface Growing {
  readonly min: number;
  readonly want: number;
  readonly copies: number;
}

/** The maxima to write into one module. */
export interface ModuleCaps {
  readonly memoryPagesMax: number;
  readonly tableMax: readonly number[];
}

/**
 * Shares the pages and table entries that a component may have among its modules. What starts too
 * large is refused; who wants less than an equal share leaves the rest to the others.
 * @throws LinkError `LINK_LIMIT`
 */
export function capsOf(
  modules: readonly { readonly scan: CoreModule; readonly copies: number }[],
  limits: LinkLimits,
): readonly ModuleCaps[] {
  const memories: Growing[] = [];
  const tables: Growing[] = [];
  for (const { scan, copies } of modules) {
    const memory = scan.memory ?? { min: 0, max: 0 };
    memories.push({
      min: memory.min,
      want: Math.min(memory.max ?? limits.memoryPagesPerMemoryMax, limits.memoryPagesPerMemoryMax),
      copies,
    });
    for (const { min, max } of scan.tables) {
      tables.push({
        min,
        want: Math.min(max ?? limits.tableEntriesMax, limits.tableEntriesMax),
        copies,
      });
    }
  }
  const pages = share(memories, limits.memoryPagesMax, 'pages of memory');
  const entries = share(tables, limits.tableEntriesMax, 'table entries');
  let table = 0;
  return modules.map(({ scan }, index) => ({
    memoryPagesMax: pages[index] ?? 0,
    tableMax: scan.tables.map(() => {
      table += 1;
      return entries[table - 1] ?? 0;
    }),
  }));
}

function share(parts: readonly Growing[], sumMax: number, what: string): readonly number[] {
  let left = sumMax;
  for (const { min, want, copies } of parts) {
    left -= min * copies;
    if (min > want || left < 0) {
      throw new LinkError('LINK_LIMIT', `the component starts with too many ${what}`);
    }
  }
  const granted = parts.map(({ min }) => min);
  const order = [...parts.keys()].sort((a, b) => wish(parts[a]) - wish(parts[b]));
  let waiting = parts.reduce((sum, { copies }) => sum + copies, 0);
  for (const index of order) {
    const part = parts[index];
    if (part === undefined) continue;
    const extra = Math.min(part.want - part.min, Math.floor(left / waiting));
    granted[index] = part.min + extra;
    left -= extra * part.copies;
    waiting -= part.copies;
  }
  return granted;
}

function wish(part: Growing | undefined): number {
  return part === undefined ? 0 : part.want - part.min;
}
