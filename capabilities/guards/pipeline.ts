/**
 * The one path of every host import:
 * always-deny list -> grant -> audit is kept -> quota (reserve) -> driver -> settle -> audit.
 * There is no second path and no switch that shortens it.
 */
import { errorCode, errorMessage } from '../../runtime/base/errors.ts';
import type { Grant } from '../grammar/index.ts';
import { formatGrant } from '../grammar/index.ts';
import type { Decision, GuardContext, HeldGrant } from './guard-context.ts';
import { printable } from './guard-context.ts';
import type { Cost, Reservation } from './quota-ledger.ts';

/** Why the pipeline refuses. */
export type Refusal =
  | { readonly kind: 'denied'; readonly message: string }
  | { readonly kind: 'quota'; readonly message: string }
  /** Not now: it would leave no line in the audit, which the configuration demands. */
  | { readonly kind: 'unrecorded'; readonly message: string }
  | { readonly kind: 'rate'; readonly message: string; readonly retryMs: number };

/** What a guard wants to do, and how it is judged. */
export interface GuardedAction {
  /** `gpio.write`, as in audit records. */
  readonly action: string;
  /** What it is done to: a label, a topic, a key; bounded by the guard. */
  readonly resource: string;
  /** Sets decisions on one resource apart: `retain`, a direction. */
  readonly variant: string;
  /** Why no grant can allow it, or null. */
  forbidden(): string | null;
  covers(grant: Grant): boolean;
  /** The grant that would allow it, or null when none can be written. */
  wanted(): Grant | null;
  /** Whether it changes the world to what is not safe under this grant; a read never does. */
  readonly isUnsafe?: (held: HeldGrant) => boolean;
  /** Bounds of a grant beyond buckets, and what it costs under it. */
  terms(held: HeldGrant): Refusal | readonly Cost[];
  /** The port's error for a refusal. */
  refuse(refusal: Refusal): Error;
}

/** A longer key is not remembered. */
const DECISION_KEY_CHARS_MAX = 1_024;

interface Admission {
  readonly by: HeldGrant;
  refund(): void;
}

/** Runs `drive` when everything allows it. @throws what `refuse` makes, and what `drive` throws */
export function guarded<Result>(
  context: GuardContext,
  action: GuardedAction,
  drive: () => Result,
): Result {
  const admission = admit(context, action);
  try {
    const result = drive();
    settle(context, action, admission);
    return result;
  } catch (error) {
    fail(context, action, admission, error);
    throw error;
  }
}

/** The same for a driver that answers later. The quota is reserved before the first wait. */
export async function guardedLater<Result>(
  context: GuardContext,
  action: GuardedAction,
  drive: () => Promise<Result>,
): Promise<Result> {
  const admission = admit(context, action);
  try {
    const result = await drive();
    settle(context, action, admission);
    return result;
  } catch (error) {
    fail(context, action, admission, error);
    throw error;
  }
}

/** Returns who allows the action, from the cache where it was judged before. */
export function decide(context: GuardContext, action: GuardedAction): Decision {
  const key = `${action.action} ${action.variant} ${action.resource}`;
  const known = context.decisions.get(key);
  if (known !== undefined) return known;
  const decision = judge(context, action);
  // A resource that a guest made endless is judged again each time rather than kept.
  if (key.length <= DECISION_KEY_CHARS_MAX) context.decisions.set(key, decision);
  return decision;
}

/** Records a refusal and returns the port's error for it. */
export function refuse(context: GuardContext, action: GuardedAction, refusal: Refusal): Error {
  context.record({
    action: action.action,
    resource: action.resource,
    decision: 'deny',
    grant: null,
    reason: refusal.message,
  });
  return action.refuse(refusal);
}

/** Returns the sentence for a missing grant; the line that would allow it comes last. */
export function missingGrant(action: string, resource: string, wanted: Grant | null): string {
  const what = `${action} of "${printable(resource)}" is not granted`;
  if (wanted === null) return `${what}, and no grant would allow it here`;
  return `${what}; add to the release's requests and the gateway's policy: ${formatGrant(wanted)}`;
}

function admit(context: GuardContext, action: GuardedAction): Admission {
  if (context.closed) {
    throw refuse(context, action, { kind: 'denied', message: 'the instance has ended' });
  }
  const decision = decide(context, action);
  if (!decision.allowed) {
    throw refuse(context, action, { kind: 'denied', message: decision.message });
  }
  // Several grants may allow it; the first with room pays. The mildest refusal is reported.
  let refusal: Refusal | null = null;
  for (const held of decision.by) {
    const answer = reserve(context, action, held);
    if ('by' in answer) return answer;
    refusal = refusal === null || severity(answer) < severity(refusal) ? answer : refusal;
  }
  throw refuse(context, action, refusal ?? { kind: 'denied', message: 'no grant' });
}

function reserve(
  context: GuardContext,
  action: GuardedAction,
  held: HeldGrant,
): Admission | Refusal {
  const unrecorded = context.gateway.unrecorded();
  if (unrecorded !== null && action.isUnsafe?.(held) === true) {
    const what = `${action.action} of "${printable(action.resource)}"`;
    const message = `${what} would leave no line in the audit, which cannot be written`;
    return { kind: 'unrecorded', message: `${message}: ${unrecorded}` };
  }
  const terms = action.terms(held);
  if ('kind' in terms) return terms;
  const { quotas, clock } = context.gateway;
  const reservation: Reservation =
    terms.length === 0 ? FREE : quotas.reserve(terms, clock.monotonicMs());
  if (reservation.ok) return { by: held, refund: reservation.refund };
  const { key, retryMs } = reservation;
  const message = `${action.action} is over its rate (${key})`;
  return Number.isFinite(retryMs)
    ? { kind: 'rate', message: `${message}; retry after ${retryMs} ms`, retryMs }
    : { kind: 'quota', message: `${message}: more than may ever be done at once` };
}

function judge(context: GuardContext, action: GuardedAction): Decision {
  const forbidden = action.forbidden();
  if (forbidden !== null) {
    const what = `${action.action} of "${printable(action.resource)}"`;
    return { allowed: false, message: `${what} is always denied: ${forbidden}` };
  }
  const by = context.held.filter(({ grant }) => action.covers(grant));
  if (by.length > 0) return { allowed: true, by };
  const message = missingGrant(action.action, action.resource, action.wanted());
  return { allowed: false, message };
}

function settle(context: GuardContext, action: GuardedAction, { by }: Admission): void {
  context.record({
    action: action.action,
    resource: action.resource,
    decision: 'allow',
    grant: by.text,
    reason: '',
  });
}

/** A driver's failure gives the reservation back and is kept for people. */
function fail(
  context: GuardContext,
  action: GuardedAction,
  admission: Admission,
  error: unknown,
): void {
  admission.refund();
  context.record({
    action: action.action,
    resource: action.resource,
    decision: 'event',
    grant: admission.by.text,
    reason: `failed: ${errorCode(error)}: ${printable(errorMessage(error))}`,
  });
}

function severity(refusal: Refusal): number {
  return refusal.kind === 'rate' ? refusal.retryMs : Number.POSITIVE_INFINITY;
}

const FREE: Reservation = { ok: true, refund: () => {} };
