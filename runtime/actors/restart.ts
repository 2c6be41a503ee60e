import { backoffMs } from '../base/backoff.ts';

/** When an ended controller is started again (`RestartSpec` of a release has this shape). */
export interface RestartPolicy {
  readonly policy: 'permanent' | 'transient' | 'temporary';
  /** More than this many counted ends within `periodMs`: quarantine. */
  readonly intensityMax: number;
  readonly periodMs: number;
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
}

/** Where the supervision of one controller stands. Times are monotonic milliseconds. */
export type SupervisionState =
  | { readonly at: 'up'; readonly sinceMs: number; readonly history: EndHistory }
  | {
      readonly at: 'backoff';
      readonly untilMs: number;
      /** Counts the restarts in a row; 1 for the first. */
      readonly attempt: number;
      readonly cause: string;
      readonly history: EndHistory;
    }
  | { readonly at: 'quarantined'; readonly sinceMs: number; readonly cause: string }
  | { readonly at: 'stopped'; readonly cause: string };

/** The ends that still matter. */
export interface EndHistory {
  /** Monotonic milliseconds of counted ends within the last period, oldest first. */
  readonly endsMs: readonly number[];
  /** Ends without a whole period of success between them. */
  readonly inRow: number;
}

/** What can happen to a supervised controller. */
export type SupervisionEvent =
  | {
      readonly kind: 'ended';
      /** In words, kept for `why`. */
      readonly cause: string;
      /** Ended by itself and in good order: only `permanent` starts it again. */
      readonly normal: boolean;
      /** False when others are to blame: it restarts, and comes no closer to quarantine. */
      readonly counted: boolean;
      /** It cost its neighbours their process: the second time within the period is the last. */
      readonly unstoppable: boolean;
      /** From 0 to 1: draws the upper half of the wait, so that neighbours restart out of step. */
      readonly jitter: number;
    }
  | { readonly kind: 'elapsed' }
  | { readonly kind: 'released' }
  | { readonly kind: 'stop'; readonly cause: string };

const NO_HISTORY: EndHistory = { endsMs: [], inRow: 0 };

/** Returns the state of a controller that is started at `nowMs` for the first time. */
export function firstState(nowMs: number): SupervisionState {
  return { at: 'up', sinceMs: nowMs, history: NO_HISTORY };
}

/** Decides what follows `event` at `nowMs`. What means nothing in a state changes nothing. */
export function next(
  state: SupervisionState,
  event: SupervisionEvent,
  nowMs: number,
  policy: RestartPolicy,
): SupervisionState {
  switch (event.kind) {
    case 'ended':
      return state.at === 'up' ? afterEnd(state, event, nowMs, policy) : state;
    case 'elapsed':
      if (state.at !== 'backoff' || nowMs < state.untilMs) return state;
      return { at: 'up', sinceMs: nowMs, history: state.history };
    case 'released':
      if (state.at !== 'quarantined') return state;
      return { at: 'up', sinceMs: nowMs, history: NO_HISTORY };
    case 'stop':
      return state.at === 'stopped' ? state : { at: 'stopped', cause: event.cause };
  }
}

function afterEnd(
  state: Extract<SupervisionState, { at: 'up' }>,
  event: Extract<SupervisionEvent, { kind: 'ended' }>,
  nowMs: number,
  policy: RestartPolicy,
): SupervisionState {
  const { cause } = event;
  if (policy.policy === 'temporary' || (policy.policy === 'transient' && event.normal)) {
    return { at: 'stopped', cause };
  }
  const recovered = nowMs - state.sinceMs >= policy.periodMs;
  const inRowBefore = recovered ? 0 : state.history.inRow;
  const recentMs = state.history.endsMs.filter(endMs => nowMs - endMs < policy.periodMs);
  const weight = event.unstoppable ? Math.ceil((policy.intensityMax + 1) / 2) : 1;
  const endsMs = event.counted ? [...recentMs, ...Array<number>(weight).fill(nowMs)] : recentMs;
  if (endsMs.length > policy.intensityMax) return { at: 'quarantined', sinceMs: nowMs, cause };
  // An end that others caused does not lengthen the wait: the innocent come back at once.
  const inRow = event.counted ? inRowBefore + 1 : inRowBefore;
  const attempt = Math.max(1, inRow);
  const waits = { minMs: policy.backoffMinMs, maxMs: policy.backoffMaxMs };
  return {
    at: 'backoff',
    untilMs: nowMs + backoffMs(waits, attempt, event.jitter),
    attempt,
    cause,
    history: { endsMs, inRow },
  };
}
