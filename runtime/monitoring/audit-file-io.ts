/**
 * The audit log on disk: segments `audit-00000001.jsonl`, ... of one chain. Invariants:
 * - a line is in the file wholly or not at all; a torn tail is cut off when the log is opened;
 * - what cannot be written waits in memory, bounded; what does not fit there is counted, and the
 *   count becomes a line as soon as the disk takes lines again;
 * - `record` never throws.
 */
import {
  close,
  closeSync,
  fdatasync,
  fstatSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { errorMessage } from '../base/errors.ts';
import type { Audit, AuditRecord } from '../ports/audit.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import {
  type AuditStamp,
  CHAIN_START,
  type ChainHead,
  chainLine,
  checkLine,
} from './audit-chain.ts';

/** Bounds and place of an audit log. */
export interface AuditFileOptions {
  readonly folder: string;
  readonly bootId: string;
  readonly segmentBytesMax: number;
  /** Older segments are removed. */
  readonly segmentsMax: number;
  /** Records that wait in memory while the disk takes none. */
  readonly waitingMax: number;
  readonly clock: Clock;
  /** Told once when writing or syncing begins to fail, and once (null) when it works again. */
  readonly onTrouble: (message: string | null) => void;
}

/** Whether the audit log can be written. */
export interface AuditFileStatus {
  readonly head: ChainHead;
  readonly failing: string | null;
  readonly waiting: number;
  /** Records that could not be kept since the last that could be written. */
  readonly lost: number;
}

/** What a check of a whole log found. */
export type AuditCheck =
  | { readonly kind: 'intact'; readonly lines: number; readonly head: ChainHead }
  | {
      readonly kind: 'broken';
      readonly segment: string;
      readonly lineNumber: number;
      readonly why: string;
    };

/** The loss of at most this much of what was allowed is accepted when the process is killed. */
const BATCH_MS = 100;
/** After a sync that failed. */
const SYNC_AGAIN_MS = 1_000;
const SEGMENT_NAME = /^audit-(\d{8})\.jsonl$/;

interface Waiting {
  readonly stamp: AuditStamp;
  readonly record: AuditRecord;
}

/** Appends audit records to hash-chained, rotating files. */
export class AuditFile implements Audit {
  readonly #options: AuditFileOptions;
  #head: ChainHead = CHAIN_START;
  #segment = 1;
  #fd: number;
  #segmentBytes = 0;
  #waiting: Waiting[] = [];
  #lost = 0;
  /** Why lines are not written, and why they are not made durable. */
  #failing: string | null = null;
  #unsynced: string | null = null;
  /** What `onTrouble` was told last. */
  #told: string | null = null;
  #timer: Timer | null = null;
  #syncing = false;
  #syncAgain = false;
  #closed = false;

  /** Opens the log, or begins one. @throws system errors when the folder cannot be used */
  constructor(options: AuditFileOptions) {
    this.#options = options;
    mkdirSync(options.folder, { recursive: true, mode: 0o750 });
    const segments = listSegments(options.folder);
    const found = findHead(options.folder, segments);
    this.#head = found.head;
    this.#segment = Math.max(1, segments.at(-1) ?? 0) + (found.damaged ? 1 : 0);
    this.#fd = this.#openSegment(this.#segment);
    if (found.damaged) this.#own('audit.damaged', 'the last line was not intact');
  }

  /** A denial is written at once, everything else within 100 ms. */
  record(record: AuditRecord): void {
    if (this.#closed) return;
    const { clock, bootId, waitingMax } = this.#options;
    const stamp = { bootId, wallMs: clock.wallMs(), monotonicMs: clock.monotonicMs() };
    if (this.#waiting.length >= waitingMax) this.#lost += 1;
    else this.#waiting.push({ stamp, record });
    if (record.decision === 'deny' && this.#failing === null) this.flush();
    else this.#timer ??= clock.after(BATCH_MS, () => this.flush());
  }

  /** Writes what waits. On failure it goes on waiting, and is tried again with the next batch. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = null;
    if (this.#closed) return;
    try {
      while (this.#waiting.length > 0) this.#writeBatch();
      if (this.#lost > 0) this.#writeLoss();
      this.#failing = null;
    } catch (error) {
      this.#failing = errorMessage(error);
      this.#timer = this.#options.clock.after(BATCH_MS, () => this.flush());
    }
    this.#tell();
    this.#sync();
  }

  status(): AuditFileStatus {
    return {
      head: this.#head,
      failing: this.#failing ?? this.#unsynced,
      waiting: this.#waiting.length,
      lost: this.#lost,
    };
  }

  /** Writes what waits, makes it durable and closes the file. */
  close(): void {
    if (this.#closed) return;
    this.flush();
    this.#timer?.cancel();
    this.#closed = true;
    try {
      fsyncSync(this.#fd);
    } finally {
      closeSync(this.#fd);
    }
  }

  #tell(): void {
    const { failing } = this.status();
    const isNews = (failing === null) !== (this.#told === null);
    this.#told = failing;
    if (isNews) this.#options.onTrouble(failing);
  }

  /** Writes as many waiting records as fit into the segment, at least one. */
  #writeBatch(): void {
    let { text, head, count } = { text: '', head: this.#head, count: 0 };
    for (const { stamp, record } of this.#waiting) {
      const next = chainLine(head, stamp, record);
      const bytes = Buffer.byteLength(text) + Buffer.byteLength(next.line) + 1;
      const full = this.#segmentBytes + bytes > this.#options.segmentBytesMax;
      if (full && (count > 0 || this.#segmentBytes > 0)) break;
      text += `${next.line}\n`;
      head = next.head;
      count += 1;
      if (count === 256) break;
    }
    if (count === 0) {
      this.#rotate();
      return;
    }
    this.#append(Buffer.from(text));
    this.#head = head;
    this.#waiting = this.#waiting.slice(count);
  }

  #writeLoss(): void {
    const lost = this.#lost;
    this.#lost = 0;
    this.#own('audit.lost', `${lost} records could not be kept while the disk took none`);
    while (this.#waiting.length > 0) this.#writeBatch();
  }

  #own(action: string, reason: string): void {
    const record = { actor: 'gateway', action, resource: 'audit', grant: null, reason };
    this.record({ ...record, decision: 'event' });
  }

  /** Appends all bytes or none. */
  #append(bytes: Buffer): void {
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
    } catch (error) {
      ftruncateSync(this.#fd, this.#segmentBytes);
      throw error;
    }
    this.#segmentBytes += bytes.length;
  }

  #rotate(): void {
    const { folder, segmentsMax } = this.#options;
    const full = this.#fd;
    this.#fd = this.#openSegment(this.#segment + 1);
    this.#segment += 1;
    fdatasync(full, () => close(full));
    for (const old of listSegments(folder).slice(0, -segmentsMax)) {
      rmSync(join(folder, segmentName(old)), { force: true });
    }
  }

  #openSegment(segment: number): number {
    const { folder } = this.#options;
    const fd = openSync(join(folder, segmentName(segment)), 'a', 0o640);
    this.#segmentBytes = fstatSync(fd).size;
    const folderFd = openSync(folder, 'r');
    fsync(folderFd, () => close(folderFd));
    return fd;
  }

  /** Makes lines durable in the background, one request at a time. */
  #sync(): void {
    if (this.#syncing) {
      this.#syncAgain = true;
      return;
    }
    this.#syncing = true;
    fdatasync(this.#fd, error => {
      this.#syncing = false;
      // A segment that is full is synced and closed by itself.
      if (!this.#closed && error?.code !== 'EBADF') this.#synced(error);
      if (this.#syncAgain && !this.#closed) {
        this.#syncAgain = false;
        this.#sync();
      }
    });
  }

  #synced(error: Error | null): void {
    this.#unsynced = error === null ? null : errorMessage(error);
    this.#tell();
    if (error !== null) {
      this.#timer ??= this.#options.clock.after(SYNC_AGAIN_MS, () => this.flush());
    }
  }
}

/** Checks every line of a log. The first segment that is kept may continue a removed one. */
export function verifyAudit(folder: string): AuditCheck {
  let head: ChainHead | null = null;
  let lines = 0;
  for (const segment of listSegments(folder)) {
    const name = segmentName(segment);
    const text = readFileSync(join(folder, name), 'utf8');
    let lineNumber = 0;
    for (const line of text.split('\n')) {
      lineNumber += 1;
      if (line === '') continue;
      // Only a log whose beginning was removed may begin in the middle.
      const before: ChainHead | null = head ?? (segment === 1 ? CHAIN_START : null);
      const check = checkLine(line, before);
      if (check.kind === 'broken') {
        return { kind: 'broken', segment: name, lineNumber, why: check.why };
      }
      head = check.head;
      lines += 1;
    }
  }
  return { kind: 'intact', lines, head: head ?? CHAIN_START };
}

/** Finds where the chain stands, and cuts off a line that was not written to its end. */
function findHead(
  folder: string,
  segments: readonly number[],
): { readonly head: ChainHead; readonly damaged: boolean } {
  for (const segment of [...segments].reverse()) {
    const path = join(folder, segmentName(segment));
    const bytes = readFileSync(path);
    const whole = bytes.subarray(0, bytes.lastIndexOf(0x0a) + 1);
    if (whole.length < bytes.length) truncate(path, whole.length);
    const line = whole.toString('utf8').trimEnd().split('\n').at(-1) ?? '';
    if (line === '') continue;
    const check = checkLine(line, null);
    if (check.kind === 'intact') return { head: check.head, damaged: false };
    return { head: CHAIN_START, damaged: true };
  }
  return { head: CHAIN_START, damaged: false };
}

function truncate(path: string, length: number): void {
  const fd = openSync(path, 'r+');
  try {
    ftruncateSync(fd, length);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function listSegments(folder: string): number[] {
  return readdirSync(folder)
    .map(name => Number(SEGMENT_NAME.exec(name)?.[1] ?? Number.NaN))
    .filter(segment => !Number.isNaN(segment))
    .sort((a, b) => a - b);
}

function segmentName(segment: number): string {
  return `audit-${String(segment).padStart(8, '0')}.jsonl`;
}
