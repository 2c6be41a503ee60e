import type { Rate } from './units.ts';

/** A line's value for the time when nobody controls it; `hold` leaves the line as it is. */
export type SafeValue = 'inactive' | 'hold' | 'active';

/** Which changes of an input are delivered. */
export type Edges = 'none' | 'rising' | 'falling' | 'both';

/** Reading, writing or both. */
export type Access = 'r' | 'w' | 'rw';

/** Lines of one direction. */
export interface GpioGrant {
  readonly class: 'gpio';
  /** A label, or a glob over labels. */
  readonly label: string;
  readonly dir: 'in' | 'out';
  /** `none` for an output. */
  readonly edges: Edges;
  /** Null: whatever the board or the other grant says. Always null for an input. */
  readonly safe: SafeValue | null;
  /** Changes of an output; null: no limit of its own. */
  readonly maxToggle: Rate | null;
  /** How long an output stays active at least, once it is; yields to the safe state. */
  readonly minOnMs: number;
  /** How long an output stays inactive at least, once it is. */
  readonly minOffMs: number;
  /** Nobody else may drive the line. */
  readonly exclusive: boolean;
}

/** A serial port. */
export interface SerialGrant {
  readonly class: 'serial';
  readonly label: string;
  readonly mode: Access;
  readonly framing: 'line';
  /** Bytes written; null: no limit of its own. */
  readonly maxBytes: Rate | null;
}

/** Topics on a broker connection. */
export interface MqttGrant {
  readonly class: 'mqtt';
  readonly connection: string;
  /** A topic filter (MQTT 3.1.1, 4.7); with `sub` alone it may start with `$share/GROUP/`. */
  readonly filter: string;
  readonly pub: boolean;
  readonly sub: boolean;
  readonly qosMax: 0 | 1;
  /** Whether a retained message may be published; an empty one too: it deletes. */
  readonly retain: boolean;
  readonly payloadBytesMax: number;
  /** Publishes; null: no limit of its own. */
  readonly rate: Rate | null;
}

/** Keys of a namespace. */
export interface KvGrant {
  readonly class: 'kv';
  readonly namespace: string;
  /** A glob over keys, by segments between `/`. */
  readonly keys: string;
  readonly access: Access;
  /** Keys and values under this grant, in sum. */
  readonly quotaBytes: number;
  readonly keysMax: number;
}

/** Timers. */
export interface TimeGrant {
  readonly class: 'time';
  /** The shortest interval or delay. */
  readonly intervalMinMs: number;
}

/** Linear memory. Mandatory. */
export interface MemGrant {
  readonly class: 'mem';
  readonly bytesMax: number;
}

/** The deadline of each call of an export. Mandatory. */
export interface CpuGrant {
  readonly class: 'cpu';
  readonly callDeadlineMs: number;
}

/** What a controller may do, or asks to do. `parseGrant` makes one, `formatGrant` writes one. */
export type Grant = GpioGrant | SerialGrant | MqttGrant | KvGrant | TimeGrant | MemGrant | CpuGrant;

/** The first word of a grant. */
export type GrantClass = Grant['class'];
