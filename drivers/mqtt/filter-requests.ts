import type { Clock, Timer } from '../../runtime/ports/clock.ts';

/** A broker that answers none of the open requests for so long is gone, whatever TCP says. */
export const FILTER_ANSWER_MS_MAX = 20_000;

/** The part of a session that filters are asked of. Answers may never come; a loss ends all. */
export interface FilterSession {
  /** `onDone` is called when the broker has answered, after `onRefused` for each refused filter. */
  subscribe(
    filters: readonly string[],
    onRefused: (filter: string) => void,
    onDone: () => void,
  ): void;
  /** `onDone` is called when the broker has answered. */
  unsubscribe(filter: string, onDone: () => void): void;
}

/** What the requests of a session are made of. */
export interface FilterRequestsSettings {
  readonly session: FilterSession;
  /** Whether somebody listens to the filter now. */
  readonly isWanted: (filter: string) => boolean;
  readonly onRefused: (filter: string) => void;
  readonly clock: Clock;
  /** Called when requests are open and none was answered for `FILTER_ANSWER_MS_MAX`. */
  readonly onSilent: () => void;
}

interface OpenRequest {
  readonly kind: 'subscribe' | 'unsubscribe';
  /** Somebody asked for the filter since: it is subscribed again after the answer. */
  again: boolean;
}

/**
 * Keeps what a broker sends in step with who listens, over the life of one session. A filter has
 * one request open at a time: a broker that works on two at once may end with the older one in
 * force. After each answer, what is wanted then decides what is asked next.
 */
export class FilterRequests {
  readonly #settings: FilterRequestsSettings;
  readonly #open = new Map<string, OpenRequest>();
  #silence: Timer | null = null;

  constructor(settings: FilterRequestsSettings) {
    this.#settings = settings;
  }

  /**
   * Subscribes, also to what is subscribed already: the broker then sends what it retains again,
   * which a new listener has not seen.
   */
  subscribe(filters: readonly string[]): void {
    const free: string[] = [];
    for (const filter of filters) {
      const open = this.#open.get(filter);
      if (open === undefined) free.push(filter);
      else open.again = true;
    }
    if (free.length === 0) return;
    for (const filter of free) this.#open.set(filter, { kind: 'subscribe', again: false });
    this.#silence ??= this.#awaitAnswer();
    const { session, onRefused } = this.#settings;
    session.subscribe(free, onRefused, () => {
      for (const filter of free) this.#answered(filter);
    });
  }

  /** Unsubscribes a filter that nobody wants any more. */
  unsubscribe(filter: string): void {
    // The answer that is awaited will find that nobody wants it.
    if (this.#open.has(filter)) return;
    this.#open.set(filter, { kind: 'unsubscribe', again: false });
    this.#silence ??= this.#awaitAnswer();
    this.#settings.session.unsubscribe(filter, () => this.#answered(filter));
  }

  #awaitAnswer(): Timer {
    const { clock, onSilent } = this.#settings;
    return clock.after(FILTER_ANSWER_MS_MAX, onSilent);
  }

  #answered(filter: string): void {
    const request = this.#open.get(filter);
    if (request === undefined) return;
    this.#open.delete(filter);
    this.#silence?.cancel();
    this.#silence = this.#open.size === 0 ? null : this.#awaitAnswer();
    if (!this.#settings.isWanted(filter)) {
      if (request.kind === 'subscribe') this.unsubscribe(filter);
    } else if (request.again) this.subscribe([filter]);
  }
}
