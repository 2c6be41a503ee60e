/**
 * effective = what the release asks for ∩ what the gateway's policy gives ∩ what the board has.
 * Deny beats allow; nothing is granted that nobody asked for.
 */
import { globCovers } from './glob.ts';
import type { GpioGrant, Grant, SafeValue, SerialGrant } from './grant.ts';
import { formatGrant } from './parse.ts';
import { intersect, subsumes } from './subsume.ts';

/** What grants need to know of a board; a `Board` of runtime/ports is one. */
export interface BoardFacts {
  readonly lines: readonly {
    readonly label: string;
    readonly direction: 'in' | 'out';
    readonly safe: SafeValue;
    readonly reserved: boolean;
  }[];
  readonly serialPorts: readonly { readonly label: string }[];
}

/** What became of one request. */
export interface RequestOutcome {
  readonly request: Grant;
  /** `full`: all of it; `narrowed`: the board or the policy gives less; `refused`: nothing. */
  readonly outcome: 'full' | 'narrowed' | 'refused';
  /** Who refused or narrowed it; null with `full`. */
  readonly by: 'policy' | 'board' | null;
  /** For people: what was refused and the exact line that would fix it. Empty with `full`. */
  readonly reason: string;
}

/** A controller's effective grants, and what became of each request in their order. */
export interface EffectiveGrants {
  /** Sorted by text, none subsumed by another; gpio globs are expanded, outputs have a `safe`. */
  readonly grants: readonly Grant[];
  readonly outcomes: readonly RequestOutcome[];
}

/** What `effectiveGrants` decides on. */
export interface EffectiveInput {
  readonly requests: readonly Grant[];
  readonly policy: readonly Grant[];
  readonly board: BoardFacts;
}

/** Returns the grants that hold, and why the others do not. */
export function effectiveGrants(input: EffectiveInput): EffectiveGrants {
  const { policy, board } = input;
  const all: Grant[] = [];
  const outcomes = input.requests.map((request): RequestOutcome => {
    const given = policy.flatMap(grant => intersect(request, grant) ?? []);
    const placed = given.map(grant => place(grant, board));
    const grants = placed.flatMap(({ grants }) => grants);
    all.push(...grants);
    if (given.length === 0) {
      const reason = `the policy gives nothing of it; add: ${formatGrant(request)}`;
      return { request, outcome: 'refused', by: 'policy', reason };
    }
    if (grants.length === 0) {
      const reason = placed.find(({ reason }) => reason !== '')?.reason ?? '';
      return { request, outcome: 'refused', by: 'board', reason };
    }
    if (policy.some(grant => subsumes(grant, request))) {
      return { request, outcome: 'full', by: null, reason: '' };
    }
    const less = grants.map(formatGrant).join(' ');
    const reason = `the policy gives less: ${less}; add: ${formatGrant(request)}`;
    return { request, outcome: 'narrowed', by: 'policy', reason };
  });
  return { grants: reduceGrants(all), outcomes };
}

/** Returns the grants sorted by text, without those that another one subsumes. */
export function reduceGrants(grants: readonly Grant[]): readonly Grant[] {
  const byText = new Map(grants.map(grant => [formatGrant(grant), grant]));
  const texts = [...byText.keys()].sort();
  const unique = texts.flatMap(text => byText.get(text) ?? []);
  return unique.filter(
    (grant, index) =>
      !unique.some(
        (other, at) =>
          at !== index && subsumes(other, grant) && (at < index || !subsumes(grant, other)),
      ),
  );
}

interface Placed {
  readonly grants: readonly Grant[];
  /** Why there are none. */
  readonly reason: string;
}

function place(grant: Grant, board: BoardFacts): Placed {
  if (grant.class === 'gpio') return placeGpio(grant, board);
  if (grant.class === 'serial') return placeSerial(grant, board);
  return { grants: [grant], reason: '' };
}

function placeGpio(grant: GpioGrant, board: BoardFacts): Placed {
  const grants: Grant[] = [];
  let reason = `the board has no line "${grant.label}"; add [[line]] label = "${grant.label}"`;
  for (const line of board.lines) {
    if (!globCovers(grant.label, line.label)) continue;
    if (line.reserved) {
      reason = `the board reserves line "${line.label}" for the gateway; ask for another line`;
    } else if (line.direction !== grant.dir) {
      reason = `line "${line.label}" is dir=${line.direction} on this board, not dir=${grant.dir}`;
    } else if (grant.dir === 'in') {
      grants.push({ ...grant, label: line.label });
    } else if (grant.safe !== null && grant.safe !== line.safe) {
      const fix = formatGrant({ ...grant, label: line.label, safe: line.safe });
      reason = `the board's safe value of "${line.label}" is ${line.safe}; ask for: ${fix}`;
    } else {
      grants.push({ ...grant, label: line.label, safe: line.safe });
    }
  }
  return { grants, reason };
}

function placeSerial(grant: SerialGrant, board: BoardFacts): Placed {
  if (board.serialPorts.some(port => port.label === grant.label)) {
    return { grants: [grant], reason: '' };
  }
  const fix = `add [[serial]] label = "${grant.label}" to the board file`;
  return { grants: [], reason: `the board has no serial port "${grant.label}"; ${fix}` };
}
