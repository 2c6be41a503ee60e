import type { Attributes } from './attributes.ts';
import { formatAttributes } from './attributes.ts';
import { GrammarError } from './errors.ts';
import { globCovers, globIntersect, parseLabelGlob } from './glob.ts';
import type { Edges, GpioGrant, SafeValue } from './grant.ts';
import {
  formatDuration,
  formatRate,
  parseDuration,
  parseRate,
  rateCovers,
  rateIntersect,
} from './units.ts';

const OUTPUT_ONLY = ['safe', 'max-toggle', 'min-on', 'min-off'] as const;

/** Reads a grant of class `gpio`. @throws GrammarError */
export function parseGpio(resource: string, attributes: Attributes): GpioGrant {
  const label = parseLabelGlob(resource);
  const dir = attributes.oneOf('dir', ['in', 'out']);
  if (dir === undefined) {
    throw new GrammarError('GRANT_MISSING', `add a direction: gpio:${label}[dir=in] or [dir=out]`);
  }
  if (dir === 'in') {
    for (const name of OUTPUT_ONLY) {
      if (attributes.take(name, '=') !== undefined) {
        throw new GrammarError('GRANT_CONFLICT', `"${name}" is for outputs, and dir=in is given`);
      }
    }
  }
  const edges = attributes.oneOf('edges', ['none', 'rising', 'falling', 'both']);
  if (dir === 'out' && edges !== undefined) {
    throw new GrammarError('GRANT_CONFLICT', '"edges" is for inputs, and dir=out is given');
  }
  const maxToggle = attributes.take('max-toggle', '=');
  return {
    class: 'gpio',
    label,
    dir,
    edges: dir === 'out' ? 'none' : (edges ?? 'both'),
    safe: attributes.oneOf<SafeValue>('safe', ['inactive', 'hold', 'active']) ?? null,
    maxToggle: maxToggle === undefined ? null : parseRate(maxToggle),
    minOnMs: parseMinimum(attributes.take('min-on', '=')),
    minOffMs: parseMinimum(attributes.take('min-off', '=')),
    exclusive: attributes.flag('exclusive'),
  };
}

/** Writes it canonically. */
export function formatGpio(grant: GpioGrant): string {
  const showsEdges = grant.dir === 'in' && grant.edges !== 'both';
  const attributes = formatAttributes([
    `dir=${grant.dir}`,
    showsEdges ? `edges=${grant.edges}` : null,
    grant.exclusive ? 'exclusive' : null,
    grant.maxToggle === null ? null : `max-toggle=${formatRate(grant.maxToggle)}`,
    grant.minOffMs === 0 ? null : `min-off=${formatDuration(grant.minOffMs)}`,
    grant.minOnMs === 0 ? null : `min-on=${formatDuration(grant.minOnMs)}`,
    grant.safe === null ? null : `safe=${grant.safe}`,
  ]);
  return `gpio:${grant.label}${attributes}`;
}

/** Whether `wide` allows all that `narrow` allows. */
export function gpioSubsumes(wide: GpioGrant, narrow: GpioGrant): boolean {
  return (
    globCovers(wide.label, narrow.label) &&
    wide.dir === narrow.dir &&
    (wide.edges === 'both' || narrow.edges === 'none' || wide.edges === narrow.edges) &&
    (wide.safe === null || wide.safe === narrow.safe) &&
    rateCovers(wide.maxToggle, narrow.maxToggle) &&
    wide.minOnMs <= narrow.minOnMs &&
    wide.minOffMs <= narrow.minOffMs &&
    // To keep others off a line is a right of its own.
    (wide.exclusive || !narrow.exclusive)
  );
}

/** Returns what both allow, or null when that is nothing. */
export function gpioIntersect(a: GpioGrant, b: GpioGrant): GpioGrant | null {
  const label = globIntersect(a.label, b.label);
  if (label === null || a.dir !== b.dir) return null;
  if (a.safe !== null && b.safe !== null && a.safe !== b.safe) return null;
  return {
    class: 'gpio',
    label,
    dir: a.dir,
    edges: intersectEdges(a.edges, b.edges),
    safe: a.safe ?? b.safe,
    maxToggle: rateIntersect(a.maxToggle, b.maxToggle, false),
    minOnMs: Math.max(a.minOnMs, b.minOnMs),
    minOffMs: Math.max(a.minOffMs, b.minOffMs),
    exclusive: a.exclusive && b.exclusive,
  };
}

function intersectEdges(a: Edges, b: Edges): Edges {
  if (a === b || b === 'both') return a;
  return a === 'both' ? b : 'none';
}

function parseMinimum(text: string | undefined): number {
  return text === undefined ? 0 : parseDuration(text);
}
