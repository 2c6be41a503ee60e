import type { HostileKind } from './kind.ts';
import { CULPRITS_MAX, type Culprit } from './site.ts';

/** Kinds that are held against a gateway together. */
export type Round =
  /** A release that is refused when it is offered. */
  | { readonly how: 'offer'; readonly kind: HostileKind }
  /** A release that is taken back. */
  | { readonly how: 'trial'; readonly kind: HostileKind }
  /** Culprits of one release, which become hostile one after the other. */
  | { readonly how: 'release'; readonly culprits: readonly Culprit[] };

/** Returns rounds in an order that the random numbers give; every kind is in one of them. */
export function roundsOf(
  kinds: readonly HostileKind[],
  random: (below: number) => number,
): readonly Round[] {
  const rounds: Round[] = [];
  const releases: Culprit[][] = [];
  for (const [at, kind] of shuffled(kinds, random).entries()) {
    if (kind.stop.at === 'trial') rounds.push({ how: 'trial', kind });
    else if (runs(kind)) place(releases, kind, at % 2 === 0 ? 'restart' : 'quarantine');
    else rounds.push({ how: 'offer', kind });
  }
  const all = releases.map((culprits): Round => ({ how: 'release', culprits }));
  return shuffled([...all, ...rounds], random);
}

function runs({ stop }: HostileKind): boolean {
  return stop.at === 'call' || stop.at === 'bounds' || stop.at === 'replacement';
}

/** Puts a kind into the first release that has room, where nobody has what only one can have. */
function place(releases: Culprit[][], kind: HostileKind, afterEnd: Culprit['afterEnd']): void {
  const grants = new Set(kind.grants);
  const free = releases.find(culprits => {
    const taken = culprits.some(other => other.kind.grants?.some(grant => grants.has(grant)));
    return culprits.length < CULPRITS_MAX && !taken;
  });
  if (free === undefined) releases.push([{ kind, afterEnd }]);
  else free.push({ kind, afterEnd });
}

function shuffled<T>(items: readonly T[], random: (below: number) => number): readonly T[] {
  const left = [...items];
  const order: T[] = [];
  while (left.length > 0) order.push(...left.splice(random(left.length), 1));
  return order;
}
