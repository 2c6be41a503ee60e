import type { ComponentShape, InterfaceShape } from '../base/value-type.ts';
import { printable } from './output.ts';

/** What a component imports and exports, or why it would be refused. */
export type ShapeReport =
  | { readonly kind: 'shape'; readonly shape: ComponentShape }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string };

/**
 * Returns the shape of a component as the linker reads it, without running any of it; within
 * `memoryBytesMax` of linear memory, where that is given.
 */
export async function reportShape(
  bytes: Uint8Array,
  memoryBytesMax?: number,
): Promise<ShapeReport> {
  // Loaded here only: no other command needs the linker.
  const linker = await import('../linker/index.ts');
  const { LinkError, stageComponent } = linker;
  const limits =
    memoryBytesMax === undefined
      ? linker.DEFAULT_LINK_LIMITS
      : linker.linkLimitsWithin(memoryBytesMax);
  try {
    return { kind: 'shape', shape: stageComponent(bytes, limits).shape };
  } catch (error) {
    if (!(error instanceof LinkError)) throw error;
    return { kind: 'refused', code: error.code, message: error.message };
  }
}

/** Returns the lines that show a report: one an interface, its functions behind it. */
export function shapeLines(report: ShapeReport): string[] {
  if (report.kind === 'refused') return [`  refused: ${report.message} (${report.code})`];
  const { imports, exports } = report.shape;
  return [...imports.map(line('import')), ...exports.map(line('export'))];
}

function line(direction: string): (shape: InterfaceShape) => string {
  return ({ name, functions }) =>
    printable(`  ${direction} ${name}: ${functions.map(one => one.name).join(', ')}`);
}
