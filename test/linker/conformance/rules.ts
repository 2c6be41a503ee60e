import * as assert from 'uvu/assert';
import { DEFAULT_LINK_LIMITS, LinkError, stageComponent } from '../../../runtime/linker/index.ts';
import { binaryOf } from '../support.ts';

/** Components that a rule of the specification admits, and their nearest neighbours. */
export interface Rule {
  readonly valid: readonly string[];
  readonly invalid: readonly string[];
}

/** Requires that components, given by what stands between their parentheses, follow a rule. */
export async function requireRule({ valid, invalid }: Rule): Promise<void> {
  for (const body of valid) {
    const bytes = await binaryOf(`(component ${body})`);
    try {
      stageComponent(bytes, DEFAULT_LINK_LIMITS);
    } catch (error) {
      throw new Error(`refused: ${body}`, { cause: error });
    }
  }
  for (const body of invalid) {
    const bytes = await binaryOf(`(component ${body})`);
    const code = refusalOf(bytes);
    assert.ok(code === 'LINK_INVALID' || code === 'LINK_MALFORMED', `${code}: ${body}`);
  }
}

/** Returns the code with which a component is refused, or null. */
export function refusalOf(bytes: Uint8Array): string | null {
  try {
    stageComponent(bytes, DEFAULT_LINK_LIMITS);
    return null;
  } catch (error) {
    if (error instanceof LinkError) return error.code;
    throw error;
  }
}
