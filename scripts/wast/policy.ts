import { readFileSync } from 'node:fs';
import type { LinkError } from '../../runtime/linker/index.ts';

/** Why the linker refuses a valid component on purpose. */
export interface Refusal {
  readonly reason: string;
  /** What the refusal's code and message look like. */
  readonly match: RegExp;
  readonly sentence: string;
}

/** Codes with which a refusal can be on purpose at all. */
const ON_PURPOSE: ReadonlySet<string> = new Set(['LINK_UNSUPPORTED', 'LINK_LIMIT']);

/** Returns the committed list of refusals. */
export function readRefusals(): readonly Refusal[] {
  const list: unknown = JSON.parse(readFileSync(new URL('refusals.json', import.meta.url), 'utf8'));
  if (!Array.isArray(list)) throw new TypeError('refusals.json holds no list');
  return list.map(({ reason, match, sentence }) => ({
    reason: String(reason),
    match: new RegExp(String(match)),
    sentence: String(sentence),
  }));
}

/** Returns the listed reason for a refusal, or null when it is none of ours. */
export function listedReason(error: LinkError, refusals: readonly Refusal[]): string | null {
  const schemed = error.message.includes('is no import or export name');
  if (!ON_PURPOSE.has(error.code) && !schemed) return null;
  const words = `${error.code}: ${error.message}`;
  return refusals.find(({ match }) => match.test(words))?.reason ?? null;
}
