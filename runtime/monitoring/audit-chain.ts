/**
 * One audit record is one line of JSON, `{...,"prev":"<hash>","hash":"<hash>"}`: `hash` is the
 * SHA-256, in hex, over the line's bytes without `,"hash":"<hash>"`, and `prev` the hash of the
 * line before. Lines are checked as the bytes they are, so that no canonical form is needed.
 */
import { hash } from 'node:crypto';
import type { AuditRecord } from '../ports/audit.ts';

/** Where a chain stands. */
export interface ChainHead {
  /** Number of the last line; 0 before the first. */
  readonly sequence: number;
  readonly hash: string;
}

/** When a record was made. */
export interface AuditStamp {
  readonly bootId: string;
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/** The head of an empty chain. */
export const CHAIN_START: ChainHead = { sequence: 0, hash: '0'.repeat(64) };

const HASH_FIELD = /^,"hash":"([0-9a-f]{64})"\}$/;
const HASH_FIELD_CHARS = 75;
const TEXT_CHARS_MAX = 512;

/** Returns the next line, without its newline, and the head after it. */
export function chainLine(
  head: ChainHead,
  stamp: AuditStamp,
  record: AuditRecord,
): { readonly line: string; readonly head: ChainHead } {
  const sequence = head.sequence + 1;
  const body = JSON.stringify({
    seq: sequence,
    boot: stamp.bootId,
    wallMs: stamp.wallMs,
    monotonicMs: Math.round(stamp.monotonicMs),
    actor: bounded(record.actor),
    action: bounded(record.action),
    resource: bounded(record.resource),
    decision: record.decision,
    grant: record.grant === null ? null : bounded(record.grant),
    reason: bounded(record.reason),
    count: record.count ?? 1,
    prev: head.hash,
  });
  const digest = hash('sha256', body);
  return { line: `${body.slice(0, -1)},"hash":"${digest}"}`, head: { sequence, hash: digest } };
}

/** What a check of one line found. */
export type LineCheck =
  | { readonly kind: 'intact'; readonly head: ChainHead }
  | { readonly kind: 'broken'; readonly why: string };

/** Checks that `line` follows `before`; with null, that it could follow some head. */
export function checkLine(line: string, before: ChainHead | null): LineCheck {
  const claimed = HASH_FIELD.exec(line.slice(-HASH_FIELD_CHARS))?.[1];
  if (claimed === undefined) return { kind: 'broken', why: 'not an audit line' };
  const body = `${line.slice(0, -HASH_FIELD_CHARS)}}`;
  if (hash('sha256', body) !== claimed)
    return { kind: 'broken', why: 'changed after it was written' };
  const link = parseLink(body);
  if (link === null) return { kind: 'broken', why: 'no sequence number or no previous hash' };
  if (before !== null && link.sequence !== before.sequence + 1) {
    const why = `number ${link.sequence} after ${before.sequence}: lines are missing or added`;
    return { kind: 'broken', why };
  }
  if (before !== null && link.prev !== before.hash) {
    return { kind: 'broken', why: 'does not continue the line before it' };
  }
  return { kind: 'intact', head: { sequence: link.sequence, hash: claimed } };
}

function parseLink(body: string): { readonly sequence: number; readonly prev: string } | null {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null || !('seq' in value) || !('prev' in value)) {
    return null;
  }
  const { seq, prev } = value;
  if (typeof seq !== 'number' || !Number.isSafeInteger(seq) || seq < 1) return null;
  return typeof prev === 'string' ? { sequence: seq, prev } : null;
}

function bounded(text: string): string {
  const cut = text.length > TEXT_CHARS_MAX ? `${text.slice(0, TEXT_CHARS_MAX)}...` : text;
  return cut.toWellFormed();
}
