import { PAGE_BYTES } from '../../runtime/base/memory-page.ts';
import type { Attributes } from './attributes.ts';
import { GrammarError } from './errors.ts';
import type { CpuGrant, Grant, MemGrant, TimeGrant } from './grant.ts';
import { parseDuration, parseSize } from './units.ts';

/** The shortest interval of a timer that a grant can name. */
export const TICK_INTERVAL_MIN_MS = 1;
/** The longest deadline of a call that a grant can name. */
const CALL_DEADLINE_MS_MAX = 60_000;

/** The mandatory limits of a controller. */
export interface ControllerLimits {
  readonly memoryBytesMax: number;
  readonly callDeadlineMs: number;
}

/** Reads a grant of class `time`. @throws GrammarError */
export function parseTime(resource: string, attributes: Attributes): TimeGrant {
  if (resource !== 'tick') throw unknownLimit('time', resource, 'time:tick[>=100ms]');
  const text = attributes.take('', '>=');
  return {
    class: 'time',
    intervalMinMs: text === undefined ? TICK_INTERVAL_MIN_MS : parseDuration(text),
  };
}

/** Reads a grant of class `mem`. @throws GrammarError */
export function parseMem(resource: string): MemGrant {
  const bytesMax = parseSize(resource);
  // The smallest `mem` is a page of linear memory, and every other a multiple of it.
  if (bytesMax % PAGE_BYTES === 0) return { class: 'mem', bytesMax };
  throw new GrammarError('GRANT_VALUE', `mem:${resource} is not a multiple of 64KiB`);
}

/** Reads a grant of class `cpu`. @throws GrammarError */
export function parseCpu(resource: string, attributes: Attributes): CpuGrant {
  if (resource !== 'call') throw unknownLimit('cpu', resource, 'cpu:call[<=250ms]');
  const text = attributes.take('', '<=');
  if (text === undefined) {
    throw new GrammarError('GRANT_MISSING', 'add a deadline: cpu:call[<=250ms]');
  }
  const callDeadlineMs = parseDuration(text);
  if (callDeadlineMs > CALL_DEADLINE_MS_MAX) {
    throw new GrammarError('GRANT_VALUE', `cpu:call[<=${text}]: at most 1min`);
  }
  return { class: 'cpu', callDeadlineMs };
}

/**
 * Returns the limits that a controller's effective grants set; the widest of several.
 * @throws GrammarError `GRANT_MISSING` when memory or the deadline is not granted
 */
export function limitsOf(grants: readonly Grant[]): ControllerLimits {
  let memoryBytesMax = 0;
  let callDeadlineMs = 0;
  for (const grant of grants) {
    if (grant.class === 'mem') memoryBytesMax = Math.max(memoryBytesMax, grant.bytesMax);
    if (grant.class === 'cpu') callDeadlineMs = Math.max(callDeadlineMs, grant.callDeadlineMs);
  }
  if (memoryBytesMax === 0) {
    throw new GrammarError('GRANT_MISSING', 'no memory is granted: add mem:8MiB or what fits');
  }
  if (callDeadlineMs === 0) {
    throw new GrammarError('GRANT_MISSING', 'no deadline is granted: add cpu:call[<=250ms]');
  }
  return { memoryBytesMax, callDeadlineMs };
}

function unknownLimit(grantClass: string, resource: string, example: string): GrammarError {
  return new GrammarError(
    'GRANT_RESOURCE',
    `"${grantClass}" has no "${resource}": write ${example}`,
  );
}
