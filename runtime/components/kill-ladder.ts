import type { EndReason } from '../ports/component-host.ts';

/**
 * How an instance comes to its end. Each step is stronger than the one before: its pending host
 * call is cancelled and its worker woken and terminated; when that has no effect in time, the
 * whole host process is killed.
 */
export type LadderState =
  | { readonly at: 'running' }
  | { readonly at: 'ending'; readonly reason: EndReason }
  | { readonly at: 'killing-host'; readonly reason: EndReason }
  | { readonly at: 'ended'; readonly reason: EndReason };

/** What happens to an instance. */
export type LadderEvent =
  /** Somebody or something wants its end. */
  | { readonly kind: 'end'; readonly reason: EndReason }
  /** The time that a terminated worker has is over. */
  | { readonly kind: 'grace-over' }
  /** The worker is gone; `error` is not empty when nobody asked it to go. */
  | { readonly kind: 'released'; readonly error: string }
  /** The host process is gone. */
  | { readonly kind: 'host-lost'; readonly message: string };

/** What is to be done, in order. */
export type LadderEffect =
  /** Reject the calls in flight. */
  | 'reject-calls'
  /** Answer the pending host call with `cancelled`, wake the worker, terminate it. */
  | 'stop-worker'
  /** Start the grace period. */
  | 'start-grace'
  /** SIGKILL to the host process. */
  | 'kill-host'
  /** Tell everybody that the instance ended. */
  | 'finish';

/** A state and what to do on the way to it. */
export interface LadderStep {
  readonly state: LadderState;
  readonly effects: readonly LadderEffect[];
}

/** Where each instance begins. */
export const LADDER_START: LadderState = { at: 'running' };

/** Returns the next step. Events that come too late change nothing. */
export function nextLadderStep(state: LadderState, event: LadderEvent): LadderStep {
  if (state.at === 'ended') return { state, effects: [] };
  switch (event.kind) {
    case 'end':
      if (state.at !== 'running') return { state, effects: [] };
      return {
        state: { at: 'ending', reason: event.reason },
        effects: ['reject-calls', 'stop-worker', 'start-grace'],
      };
    case 'grace-over':
      if (state.at !== 'ending') return { state, effects: [] };
      return {
        state: { at: 'killing-host', reason: unstoppable(state.reason) },
        effects: ['kill-host'],
      };
    case 'released':
      return ended(state, {
        kind: 'trapped',
        message: event.error === '' ? 'the worker ended by itself' : event.error,
      });
    case 'host-lost':
      return ended(state, { kind: 'host-lost', message: event.message });
  }
}

/** Whoever cannot be ended is told from whoever was: it is not to run again. */
function unstoppable(reason: EndReason): EndReason {
  if (reason.kind === 'stopped') return reason;
  const message = `${reason.message}, and its worker cannot be ended`;
  return { kind: 'unstoppable', message };
}

/** The reason that began the end stays; `otherwise` is for an instance that was running. */
function ended(state: Exclude<LadderState, { at: 'ended' }>, otherwise: EndReason): LadderStep {
  return state.at === 'running'
    ? { state: { at: 'ended', reason: otherwise }, effects: ['reject-calls', 'finish'] }
    : { state: { at: 'ended', reason: state.reason }, effects: ['finish'] };
}
