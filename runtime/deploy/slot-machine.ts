import type { RecoveryToken } from '../trust/recovery-token.ts';
import { DeployError } from './errors.ts';
import {
  BAD_RELEASES_MAX,
  FLOORS_MAX,
  type Floor,
  type SlotEntry,
  type SlotName,
  type SlotRecord,
  TEXT_LENGTH_MAX,
} from './slot-record.ts';

/**
 * The transitions of the slot record: pure, each returns the record to persist *before* the effect
 * it announces. The order of an installation is
 *
 *   beginWriting -> (content is written, synced, read back) -> finishWriting -> beginTry -> (start)
 *   -> commit, or fail
 *
 * so whichever step a power cut follows, `decideBoot` finds a whole release to run, or none where
 * none was ever committed.
 */

/** Starts that a release on trial gets before it counts as failed. */
export const TRIES_MAX = 3;

/** The identity of a release about to be installed. */
export interface Candidate {
  readonly envelopeDigest: string;
  readonly manifestDigest: string;
  readonly name: string;
  readonly version: string;
  readonly sequence: number;
  readonly roles: readonly string[];
  readonly rootVersion: number;
  readonly controllers: readonly string[];
}

/** Leave to go below a floor once: see trust/recovery-token.ts. */
export type Leave = Pick<RecoveryToken, 'manifestDigest' | 'counter'>;

/** What to do after a start of the gateway. */
export type BootDecision =
  | { readonly kind: 'empty' }
  | { readonly kind: 'run'; readonly slot: SlotName }
  | { readonly kind: 'try'; readonly slot: SlotName; readonly record: SlotRecord }
  | { readonly kind: 'give-up-trial'; readonly record: SlotRecord };

/**
 * Refuses a release that may not be installed here. `floors` are those that hold for it, by role.
 * @throws DeployError `DEPLOY_DOWNGRADE`, `DEPLOY_SEQUENCE_REUSED`, `DEPLOY_KNOWN_BAD`,
 * `DEPLOY_ALREADY_INSTALLED`, `DEPLOY_FLOORS_FULL`.
 */
export function requireInstallable(
  record: SlotRecord,
  candidate: Candidate,
  floors: ReadonlyMap<string, Floor>,
  leave: Leave | null = null,
): void {
  const what = `${candidate.name} ${candidate.version} (sequence ${candidate.sequence})`;
  const current = record.active === null ? null : record.slots[record.active];
  if (record.trial === null && current?.manifestDigest === candidate.manifestDigest) {
    throw new DeployError('DEPLOY_ALREADY_INSTALLED', `${what} is the active release already`);
  }
  const bad = record.bad.find(entry => entry.manifestDigest === candidate.manifestDigest);
  if (bad !== undefined) {
    throw new DeployError(
      'DEPLOY_KNOWN_BAD',
      `${what} failed on this gateway before: ${bad.cause}. ` +
        'Mend it and sign it under a higher sequence',
    );
  }
  // Whatever else would let it in: a token also opens what is not asked for here.
  if (leave !== null) {
    requireLeave(record, candidate, leave);
    return;
  }
  const known = new Set([...record.floors.keys(), ...candidate.roles]);
  if (known.size > FLOORS_MAX) {
    throw new DeployError(
      'DEPLOY_FLOORS_FULL',
      `this gateway remembers ${FLOORS_MAX} roles that signed; reuse one of them`,
    );
  }
  for (const [role, floor] of floors) requireAbove(candidate, role, floor);
}

function requireAbove(candidate: Candidate, role: string, floor: Floor): void {
  const what = `${candidate.name} ${candidate.version} (sequence ${candidate.sequence})`;
  if (candidate.sequence < floor.sequence) {
    throw new DeployError(
      'DEPLOY_DOWNGRADE',
      `${what} is older than what role ${role} had committed here, ${floor.sequence}; ` +
        'sign it anew under a higher sequence',
    );
  }
  if (candidate.sequence === floor.sequence && candidate.manifestDigest !== floor.manifestDigest) {
    throw new DeployError(
      'DEPLOY_SEQUENCE_REUSED',
      `${what} differs from the release that was committed here under the same sequence; ` +
        'raise the sequence',
    );
  }
}

function requireLeave(
  { recoveryCounter }: SlotRecord,
  { manifestDigest }: Candidate,
  leave: Leave,
): void {
  if (leave.manifestDigest !== manifestDigest) {
    const words = `the token is for release ${leave.manifestDigest.slice(0, 12)}`;
    throw new DeployError('DEPLOY_TOKEN', `${words}, not for ${manifestDigest.slice(0, 12)}`);
  }
  if (leave.counter > recoveryCounter) return;
  throw new DeployError(
    'DEPLOY_TOKEN',
    `token ${leave.counter} is used up: the last one here was ${recoveryCounter}; sign another`,
  );
}

/** Returns the slot that an installation may overwrite: the one that is not active. */
export function targetSlot(record: SlotRecord): SlotName {
  return record.active === 'a' ? 'b' : 'a';
}

/**
 * Marks the target slot incomplete, before a byte of it changes. Ends a trial in it. A token is
 * used up with this, whatever comes of the installation.
 */
export function beginWriting(
  record: SlotRecord,
  candidate: Candidate,
  leave: Leave | null = null,
): SlotRecord {
  return next(record, {
    trial: null,
    recoveryCounter: leave?.counter ?? record.recoveryCounter,
    slots: withSlot(record, targetSlot(record), { ...candidate, state: 'writing' }),
  });
}

/** Declares the target slot whole and puts it on trial. */
export function finishWriting(record: SlotRecord, leave: Leave | null = null): SlotRecord {
  const slot = targetSlot(record);
  const entry = record.slots[slot];
  if (entry === null || entry.state !== 'writing') throw notThere('no slot is being written');
  return next(record, {
    slots: withSlot(record, slot, { ...entry, state: 'installed' }),
    trial: { slot, triesLeft: TRIES_MAX, floorStays: leave !== null },
  });
}

/** Gives the target slot back what it held, when writing failed before it overwrote anything. */
export function abandonWriting(record: SlotRecord, before: SlotRecord): SlotRecord {
  return next(record, { slots: before.slots });
}

/** Counts a try of the release on trial. Counted before the start: a hang must use up a try too. */
export function beginTry(record: SlotRecord): SlotRecord {
  const { trial } = record;
  if (trial === null || trial.triesLeft === 0) throw notThere('no release is on trial');
  return next(record, { trial: { ...trial, triesLeft: trial.triesLeft - 1 } });
}

/**
 * Makes the release on trial the active one. Only here do the floors of its roles rise; those that
 * a token let it in below stay.
 */
export function commit(record: SlotRecord): SlotRecord {
  const { trial } = record;
  const entry = trial === null ? null : record.slots[trial.slot];
  if (trial === null || entry === null) throw notThere('no release is on trial');
  const { roles, rootVersion, sequence, manifestDigest } = entry;
  const floors = new Map(record.floors);
  for (const role of roles) {
    if (trial.floorStays && floors.has(role)) continue;
    floors.set(role, { sequence, manifestDigest, rootVersion });
  }
  return next(record, {
    active: trial.slot,
    trial: null,
    slots: withSlot(record, trial.slot, { ...entry, state: 'good' }),
    floors,
  });
}

/** Ends a trial that failed: the slot is bad, the release is remembered with its cause. */
export function fail(record: SlotRecord, cause: string): SlotRecord {
  const { trial } = record;
  const entry = trial === null ? null : record.slots[trial.slot];
  if (trial === null || entry === null) throw notThere('no release is on trial');
  const bad = [
    ...record.bad.filter(known => known.manifestDigest !== entry.manifestDigest),
    { manifestDigest: entry.manifestDigest, cause: causeText(cause) },
  ];
  return next(record, {
    trial: null,
    slots: withSlot(record, trial.slot, { ...entry, state: 'bad' }),
    bad: bad.slice(-BAD_RELEASES_MAX),
    lastCause: causeText(`${entry.name} ${entry.version} failed its trial: ${cause}`),
  });
}

/** Returns the slot that a rollback would go to, or null where there is none. */
export function rollbackTarget(record: SlotRecord): SlotName | null {
  if (record.active === null) return null;
  const other = record.active === 'a' ? 'b' : 'a';
  return record.slots[other]?.state === 'good' ? other : null;
}

/**
 * Makes the other slot's committed release the active one. The floor stays where it is: a return to
 * what this gateway committed itself is no downgrade.
 * @throws DeployError `DEPLOY_NOTHING_TO_ROLL_BACK`.
 */
export function rollback(record: SlotRecord, cause: string): SlotRecord {
  const target = rollbackTarget(record);
  if (target === null) {
    throw new DeployError(
      'DEPLOY_NOTHING_TO_ROLL_BACK',
      'the other slot holds no committed release; install one instead',
    );
  }
  const left = record.active === null ? null : record.slots[record.active];
  const leftName = left === null ? 'nothing' : `${left.name} ${left.version}`;
  return next(record, {
    active: target,
    trial: null,
    lastCause: causeText(`rolled back from ${leftName}: ${cause}`),
  });
}

/** Decides what a gateway that has just started runs. */
export function decideBoot(record: SlotRecord): BootDecision {
  const { trial, active } = record;
  if (trial !== null) {
    if (trial.triesLeft > 0) return { kind: 'try', slot: trial.slot, record: beginTry(record) };
    const cause = `the gateway stopped ${TRIES_MAX} times during the trial`;
    return { kind: 'give-up-trial', record: fail(record, cause) };
  }
  return active === null ? { kind: 'empty' } : { kind: 'run', slot: active };
}

function next(record: SlotRecord, change: Partial<Omit<SlotRecord, 'generation'>>): SlotRecord {
  return { ...record, ...change, generation: record.generation + 1 };
}

function withSlot(record: SlotRecord, slot: SlotName, entry: SlotEntry): SlotRecord['slots'] {
  return { ...record.slots, [slot]: entry };
}

/**
 * A controller or an operator wrote it, so it may be of any length, and a record with a longer text
 * than its reader takes is lost. Without control characters, which JSON writes as six bytes each.
 */
function causeText(cause: string): string {
  const line = cause.slice(0, TEXT_LENGTH_MAX).replace(/\p{Cc}+/gu, ' ');
  if (cause.length <= TEXT_LENGTH_MAX) return line.toWellFormed();
  // A pair of surrogates that the cut parts goes as a whole.
  return `${line.slice(0, TEXT_LENGTH_MAX - 1).replace(/[\uD800-\uDBFF]$/, '')}…`.toWellFormed();
}

function notThere(what: string): DeployError {
  return new DeployError('DEPLOY_NOT_STORED', what);
}
