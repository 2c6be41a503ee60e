/** A decision worth keeping: who wanted what, what was answered, and why. */
export interface AuditRecord {
  /** `NAME@VERSION#INSTANCE` of a controller, or `gateway`, or `operator:UID`. */
  readonly actor: string;
  /** `gpio.write`, `mqtt.publish`, `release.install` ... */
  readonly action: string;
  /** What it was done to: a label, a topic, a digest. */
  readonly resource: string;
  readonly decision: 'allow' | 'deny' | 'event';
  /** The grant that allowed it, in canonical text, or null. */
  readonly grant: string | null;
  /** For people; with a denial, the grant line that would allow it. */
  readonly reason: string;
  /** How often it happened, when several are told as one; 1 unless given. */
  readonly count?: number;
}

/** Where decisions are recorded. Never throws; a flood is aggregated with exact counts. */
export interface Audit {
  record(record: AuditRecord): void;
}
