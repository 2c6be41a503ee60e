import { backoffMs } from '../../runtime/base/backoff.ts';
import { errorCode, errorMessage } from '../../runtime/base/errors.ts';
import { filterMatches } from '../../runtime/base/mqtt-topic.ts';
import type { Clock, Timer } from '../../runtime/ports/clock.ts';
import type { Subscription } from '../../runtime/ports/gpio.ts';
import type { Log } from '../../runtime/ports/log.ts';
import type { IncomingMessage, MqttConnectionState } from '../../runtime/ports/mqtt.ts';
import type { MqttConnectionSettings } from '../../runtime/ports/mqtt-connection.ts';
import type { Random } from '../../runtime/ports/random.ts';
import { readBrokerSecrets } from './broker-socket-io.ts';
import { FILTER_ANSWER_MS_MAX, FilterRequests } from './filter-requests.ts';
import { MqttSession } from './mqtt-session.ts';
import type { Outbox, OutboxMessage } from './outbox.ts';

/** Waits between attempts to connect. */
const RECONNECT = { minMs: 500, maxMs: 30_000 };

/** A connection that held this long was a good one: the next wait is a short one again. */
const STABLE_MS = 5_000;

/** Messages sent and not yet acknowledged. */
const IN_FLIGHT_MAX = 16;

/** The broker acknowledges something in this time, or the connection is given up. */
const ACKNOWLEDGE_MS_MAX = 20_000;

/** What is left at the end is given this time to leave. */
const DRAIN_MS_MAX = 1_000;

/** What one connection is made of. */
export interface MqttLinkSettings {
  readonly connection: MqttConnectionSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly outbox: Outbox;
  readonly incomingBytesMax: number;
}

interface Listener {
  readonly filter: string;
  readonly onMessage: (message: IncomingMessage) => void;
}

type Phase =
  | { readonly at: 'connecting'; readonly session: MqttSession | null }
  | {
      readonly at: 'online';
      readonly session: MqttSession;
      readonly filters: FilterRequests;
      readonly sinceMs: number;
    }
  | { readonly at: 'waiting'; readonly timer: Timer }
  | { readonly at: 'closed' };

/** One broker connection that keeps trying, with its queue and its subscriptions. */
export class MqttLink {
  readonly #settings: MqttLinkSettings;
  readonly #listeners = new Set<Listener>();
  #phase: Phase = { at: 'connecting', session: null };
  #attempts = 0;
  #lastError: string | null = null;
  #sentUpTo = 0n;
  #inFlight = 0;
  #pumping = false;
  #acknowledgeTimer: Timer | null = null;
  #onDrained: (() => void) | null = null;
  #refused = 0;
  /** Messages lost to a full queue that the log tells of already. */
  #lostTold = 0;
  #isFullTold = false;

  constructor(settings: MqttLinkSettings) {
    this.#settings = settings;
    void this.#connect();
  }

  /** Queues a message; returns its number, or null when the queue is full. */
  publish(message: OutboxMessage): bigint | null {
    const sequence = this.#settings.outbox.append(message);
    if (sequence === null) this.#refused += 1;
    else this.#pump();
    this.#noteFull();
    return sequence;
  }

  subscribe(filter: string, onMessage: (message: IncomingMessage) => void): Subscription {
    const listener: Listener = { filter, onMessage };
    this.#listeners.add(listener);
    if (this.#phase.at === 'online') this.#phase.filters.subscribe([filter]);
    return { stop: () => this.#stop(listener) };
  }

  state(): MqttConnectionState {
    const { connection, outbox } = this.#settings;
    return {
      connection: connection.label,
      connected: this.#phase.at === 'online',
      address: connection.url,
      queued: outbox.count,
      dropped: outbox.dropped,
      refused: this.#refused,
      lastError: this.#lastError,
    };
  }

  /** Sends what can be sent in DRAIN_MS_MAX, then ends the connection. */
  async close(): Promise<void> {
    if (this.#phase.at === 'online' && this.#settings.outbox.count > 0) await this.#drain();
    const phase = this.#phase;
    this.#phase = { at: 'closed' };
    this.#acknowledgeTimer?.cancel();
    if (phase.at === 'waiting') phase.timer.cancel();
    if (phase.at === 'connecting') await phase.session?.close(false);
    if (phase.at === 'online') await phase.session.close(this.#settings.outbox.count === 0);
  }

  async #connect(): Promise<void> {
    const { connection, incomingBytesMax } = this.#settings;
    try {
      const secrets = await readBrokerSecrets(connection);
      // Closed while the files were read.
      if (this.#phase.at !== 'connecting') return;
      const session: MqttSession = new MqttSession({
        connection,
        secrets,
        packetBytesMax: incomingBytesMax,
        events: {
          onConnect: () => this.#online(session),
          onMessage: message => this.#deliver(message),
          onOversize: count => this.#noteOversize(count),
          onEnd: error => this.#lose(error),
        },
      });
      this.#phase = { at: 'connecting', session };
    } catch (error) {
      this.#lose(error);
    }
  }

  #online(session: MqttSession): void {
    if (this.#phase.at !== 'connecting') return;
    const { clock, log, connection } = this.#settings;
    const filters = this.#requestsOf(session);
    this.#phase = { at: 'online', session, filters, sinceMs: clock.monotonicMs() };
    this.#lastError = null;
    log.write(
      'info',
      'gateway',
      `mqtt connection "${connection.label}" to ${connection.url} is up`,
    );
    filters.subscribe([...new Set([...this.#listeners].map(one => one.filter))]);
    // What was not acknowledged goes again, from the oldest, in order.
    this.#sentUpTo = 0n;
    this.#inFlight = 0;
    this.#pump();
  }

  #requestsOf(session: MqttSession): FilterRequests {
    return new FilterRequests({
      session,
      isWanted: filter => this.#isWanted(filter),
      onRefused: filter => {
        this.#lastError = `the broker refused the subscription "${filter}"`;
        this.#warn(this.#lastError);
      },
      clock: this.#settings.clock,
      onSilent: () => {
        if (this.#phase.at !== 'online' || this.#phase.session !== session) return;
        void session.close(false);
        this.#lose(new Error(`no answer about subscriptions in ${FILTER_ANSWER_MS_MAX} ms`));
      },
    });
  }

  #stop(listener: Listener): void {
    if (!this.#listeners.delete(listener) || this.#phase.at !== 'online') return;
    const { filter } = listener;
    if (!this.#isWanted(filter)) this.#phase.filters.unsubscribe(filter);
  }

  #isWanted(filter: string): boolean {
    return [...this.#listeners].some(listener => listener.filter === filter);
  }

  #deliver(message: IncomingMessage): void {
    for (const listener of [...this.#listeners]) {
      if (!this.#listeners.has(listener)) continue;
      if (filterMatches(listener.filter, message.topic)) listener.onMessage(message);
    }
  }

  #pump(): void {
    // A QoS 0 message is done within `publish`: without this, each would be one call deeper.
    if (this.#pumping) return;
    this.#pumping = true;
    const { outbox } = this.#settings;
    while (this.#phase.at === 'online' && this.#inFlight < IN_FLIGHT_MAX) {
      const entry = outbox.after(this.#sentUpTo);
      if (entry === null) break;
      this.#sentUpTo = entry.sequence;
      this.#inFlight += 1;
      // At most once: forgotten before it is sent, or a loss in between would send it twice.
      if (entry.qos === 0) outbox.remove(entry.sequence);
      const { session } = this.#phase;
      session.publish(entry, () => {
        if (this.#phase.at !== 'online' || this.#phase.session !== session) return;
        this.#inFlight -= 1;
        outbox.remove(entry.sequence);
        this.#watchAcknowledgement();
        this.#pump();
      });
    }
    this.#pumping = false;
    if (this.#acknowledgeTimer === null) this.#watchAcknowledgement();
    if (outbox.count === 0) this.#onDrained?.();
    if (outbox.count === 0) this.#noteEmpty();
  }

  /** Starts the wait for the next acknowledgement anew, or ends it when none is due. */
  #watchAcknowledgement(): void {
    this.#acknowledgeTimer?.cancel();
    this.#acknowledgeTimer = null;
    if (this.#phase.at !== 'online' || this.#inFlight === 0) return;
    const { session } = this.#phase;
    this.#acknowledgeTimer = this.#settings.clock.after(ACKNOWLEDGE_MS_MAX, () => {
      void session.close(false);
      this.#lose(new Error(`no acknowledgement in ${ACKNOWLEDGE_MS_MAX} ms`));
    });
  }

  #lose(error: unknown): void {
    const phase = this.#phase;
    if (phase.at !== 'connecting' && phase.at !== 'online') return;
    const { clock, random } = this.#settings;
    const held = phase.at === 'online' && clock.monotonicMs() - phase.sinceMs >= STABLE_MS;
    this.#attempts = held ? 1 : this.#attempts + 1;
    const message = failureWords(error);
    // The same failure again is the same news: it is logged once.
    if (message !== this.#lastError) this.#warn(`${message}; trying again`);
    this.#lastError = message;
    this.#acknowledgeTimer?.cancel();
    this.#acknowledgeTimer = null;
    const waitMs = backoffMs(RECONNECT, this.#attempts, random.fraction());
    const timer = clock.after(waitMs, () => {
      this.#phase = { at: 'connecting', session: null };
      void this.#connect();
    });
    this.#phase = { at: 'waiting', timer };
    this.#onDrained?.();
  }

  #drain(): Promise<void> {
    return new Promise(resolve => {
      const timer = this.#settings.clock.after(DRAIN_MS_MAX, resolve);
      this.#onDrained = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  /** Tells of a full queue when the first message is lost to it, not of each. */
  #noteFull(): void {
    const lost = this.#settings.outbox.dropped + this.#refused;
    if (this.#isFullTold || lost === this.#lostTold) return;
    this.#isFullTold = true;
    this.#warn('its queue is full: QoS 0 gives way from the oldest, then nothing more is taken');
  }

  #noteEmpty(): void {
    if (!this.#isFullTold) return;
    const { outbox } = this.#settings;
    const lost = outbox.dropped + this.#refused;
    this.#warn(`its queue is empty again; ${lost - this.#lostTold} message(s) found no room`);
    this.#lostTold = lost;
    this.#isFullTold = false;
  }

  #noteOversize(count: number): void {
    const { incomingBytesMax } = this.#settings;
    this.#warn(`${count} message(s) larger than ${incomingBytesMax} bytes were dropped`);
  }

  #warn(message: string): void {
    const { log, connection } = this.#settings;
    log.write('warn', 'gateway', `mqtt connection "${connection.label}": ${message}`);
  }
}

/** Returns the message of a failed connection with its code, which says what a person looks up. */
function failureWords(error: unknown): string {
  // An error of several addresses has no message of its own.
  const message = errorMessage(error) || String(error);
  const code = errorCode(error);
  return code === 'UNKNOWN' || message.includes(code) ? message : `${message} (${code})`;
}
