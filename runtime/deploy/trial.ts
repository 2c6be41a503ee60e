import type { ReleaseHealth } from '../actors/supervisor.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import { DeployError } from './errors.ts';

/** How long a release on trial has to prove itself. */
export interface TrialBounds {
  /** All controllers running and healthy without a break for this long: proven. */
  readonly soakMs: number;
  /** Not proven by then: failed. */
  readonly deadlineMs: number;
}

/**
 * Returns the bounds of a release's trial: it soaks for as long as it asks for itself, but never
 * less than the gateway wants; the time to become healthy stays what the gateway gives.
 */
export function trialBounds(gateway: TrialBounds, releaseSoakMs: number): TrialBounds {
  const soakMs = Math.max(gateway.soakMs, releaseSoakMs);
  return { soakMs, deadlineMs: gateway.deadlineMs + (soakMs - gateway.soakMs) };
}

/** Where a trial stands. Times are monotonic milliseconds. */
export type TrialState =
  | { readonly at: 'waiting'; readonly startedMs: number }
  | { readonly at: 'soaking'; readonly startedMs: number; readonly goodSinceMs: number }
  | { readonly at: 'proven' }
  | { readonly at: 'failed'; readonly cause: string };

/** Decides where a trial stands after a look at the release's health. Pure. */
function nextTrial(
  state: TrialState,
  health: ReleaseHealth,
  nowMs: number,
  bounds: TrialBounds,
): TrialState {
  if (state.at === 'proven' || state.at === 'failed') return state;
  const { startedMs } = state;
  if (health.kind === 'bad') return { at: 'failed', cause: health.problems.join('; ') };
  if (health.kind === 'good') {
    const goodSinceMs = state.at === 'soaking' ? state.goodSinceMs : nowMs;
    if (nowMs - goodSinceMs >= bounds.soakMs) return { at: 'proven' };
    if (nowMs - startedMs < bounds.deadlineMs) return { at: 'soaking', startedMs, goodSinceMs };
    return { at: 'failed', cause: `not healthy for ${bounds.soakMs} ms without a break` };
  }
  if (nowMs - startedMs < bounds.deadlineMs) return { at: 'waiting', startedMs };
  const names = health.for.join(', ');
  return { at: 'failed', cause: `not healthy after ${bounds.deadlineMs} ms: ${names}` };
}

/** A trial under way. */
export interface RunningTrial {
  /** Resolves when the release has proven itself, else rejects: `DEPLOY_TRIAL_FAILED`. */
  readonly outcome: Promise<void>;
  /** Looks again; to be called whenever a controller's state or health changes. */
  look(): void;
  /** Ends it as failed, when the release is stopped before it is decided. */
  abandon(): void;
}

/** A look this often catches the ends of the soak and the deadline. */
const LOOK_INTERVAL_MS = 50;

/** Starts a trial over `health`. */
export function startTrial(
  health: () => ReleaseHealth,
  clock: Clock,
  bounds: TrialBounds,
): RunningTrial {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let state: TrialState = { at: 'waiting', startedMs: clock.monotonicMs() };
  let timer: Timer | null = null;
  // Nobody may be listening when a release is only started, not tried.
  promise.catch(() => undefined);

  function settle(next: TrialState): void {
    state = next;
    if (state.at === 'proven') resolve();
    else if (state.at === 'failed') reject(new DeployError('DEPLOY_TRIAL_FAILED', state.cause));
  }

  function look(): void {
    if (state.at === 'proven' || state.at === 'failed') return;
    timer?.cancel();
    settle(nextTrial(state, health(), clock.monotonicMs(), bounds));
    if (state.at === 'waiting' || state.at === 'soaking')
      timer = clock.after(LOOK_INTERVAL_MS, look);
  }

  look();
  return {
    outcome: promise,
    look,
    abandon: () => {
      timer?.cancel();
      if (state.at === 'waiting' || state.at === 'soaking') {
        settle({ at: 'failed', cause: 'the release was stopped during its trial' });
      }
    },
  };
}
