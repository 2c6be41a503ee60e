/** What came of a chunk of bytes from a broker. */
export interface GuardedBytes {
  /** What goes on to the protocol's parser: whole packets, or parts of a packet that fits. */
  readonly pass: readonly Uint8Array[];
  /** Message identifiers of dropped QoS 1 messages: they are acknowledged, or they come again. */
  readonly acknowledge: readonly number[];
  /** Messages dropped because they are too large. */
  readonly dropped: number;
  /** What the broker did that ends the connection, or null. */
  readonly violation: string | null;
}

/** MQTT 3.1.1 2.2.1: the upper half of a packet's first byte. */
const PUBLISH = 3;

/** MQTT 3.1.1 2.2.3: a remaining length has at most four bytes. */
const LENGTH_BYTES_MAX = 4;

/** Packets other than messages: acknowledgements, of subscriptions at most. */
const CONTROL_BYTES_MAX = 64 * 1_024;

/** Type byte, length, and of a message the topic's length, the topic and its identifier. */
const HEAD_BYTES_MAX = 1 + LENGTH_BYTES_MAX + 2 + 65_535 + 2;

type State =
  | { readonly at: 'head' }
  | { readonly at: 'pass'; left: number }
  | { readonly at: 'skip'; left: number };

/**
 * Looks at the packets of a connection before the parser buffers them: a message larger than
 * `packetBytesMax` is dropped without being held. Holds the head of one packet at most.
 */
export class PacketGuard {
  readonly #packetBytesMax: number;
  #state: State = { at: 'head' };
  #head: number[] = [];

  constructor(packetBytesMax: number) {
    this.#packetBytesMax = packetBytesMax;
  }

  /** Returns what to do with the next bytes of the stream. */
  push(chunk: Uint8Array): GuardedBytes {
    const pass: Uint8Array[] = [];
    const acknowledge: number[] = [];
    let dropped = 0;
    let at = 0;
    while (at < chunk.length) {
      if (this.#state.at === 'head') {
        this.#head.push(chunk[at] ?? 0);
        at += 1;
        const verdict = judgeHead(this.#head, this.#packetBytesMax);
        if (verdict.kind === 'more') continue;
        if (verdict.kind === 'violation') {
          return { pass, acknowledge, dropped, violation: verdict.reason };
        }
        if (verdict.kind === 'skip') {
          dropped += 1;
          if (verdict.identifier !== null) acknowledge.push(verdict.identifier);
        } else {
          pass.push(Uint8Array.from(this.#head));
        }
        this.#head = [];
        this.#state = { at: verdict.kind, left: verdict.left };
      } else {
        const part = chunk.subarray(at, at + this.#state.left);
        at += part.length;
        this.#state.left -= part.length;
        if (this.#state.at === 'pass') pass.push(part);
      }
      if (this.#state.at !== 'head' && this.#state.left === 0) this.#state = { at: 'head' };
    }
    return { pass, acknowledge, dropped, violation: null };
  }
}

type Verdict =
  | { readonly kind: 'more' }
  | { readonly kind: 'violation'; readonly reason: string }
  | { readonly kind: 'pass'; readonly left: number }
  | { readonly kind: 'skip'; readonly left: number; readonly identifier: number | null };

function judgeHead(head: readonly number[], packetBytesMax: number): Verdict {
  let length = 0;
  let used = 1;
  for (; ; used += 1) {
    const byte = head[used];
    if (byte === undefined) return { kind: 'more' };
    length += (byte & 0x7f) * 128 ** (used - 1);
    if ((byte & 0x80) === 0) break;
    if (used === LENGTH_BYTES_MAX) return { kind: 'violation', reason: 'a length without an end' };
  }
  used += 1;
  const first = head[0] ?? 0;
  if (first >> 4 !== PUBLISH) {
    return length <= CONTROL_BYTES_MAX
      ? { kind: 'pass', left: length }
      : { kind: 'violation', reason: `a control packet of ${length} bytes` };
  }
  if (length <= packetBytesMax) return { kind: 'pass', left: length };
  return judgeOversize(head, used, length);
}

/** Reads on to the identifier (MQTT 3.1.1 3.3.2): without its answer, the broker sends again. */
function judgeOversize(head: readonly number[], used: number, length: number): Verdict {
  const qos = ((head[0] ?? 0) >> 1) & 3;
  if (qos === 0) return { kind: 'skip', left: length, identifier: null };
  // Every subscription asks for QoS 1, so nothing arrives with more.
  if (qos !== 1) return { kind: 'violation', reason: `a message of QoS ${qos}` };
  const [topicHigh, topicLow] = [head[used], head[used + 1]];
  if (topicHigh === undefined || topicLow === undefined) return { kind: 'more' };
  const identifierAt = used + 2 + topicHigh * 256 + topicLow;
  if (identifierAt + 2 > Math.min(used + length, HEAD_BYTES_MAX)) {
    return { kind: 'violation', reason: 'a topic longer than its packet' };
  }
  const [high, low] = [head[identifierAt], head[identifierAt + 1]];
  if (high === undefined || low === undefined) return { kind: 'more' };
  return { kind: 'skip', left: length - (identifierAt + 2 - used), identifier: high * 256 + low };
}
