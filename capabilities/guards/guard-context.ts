import { LRUCache } from 'lru-cache';
import type { Audit, AuditRecord } from '../../runtime/ports/audit.ts';
import type { Clock } from '../../runtime/ports/clock.ts';
import type { BoardFacts, Grant } from '../grammar/index.ts';
import { formatGrant } from '../grammar/index.ts';
import type { KvUsage } from './kv-usage.ts';
import type { LineRegistry } from './line-registry.ts';
import { OpenThings } from './open-things.ts';
import type { QuotaLedger } from './quota-ledger.ts';

/** Which running copy the guards stand in front of. */
export interface ControllerIdentity {
  readonly name: string;
  readonly version: string;
  readonly instance: bigint;
}

/** What all guards of the gateway share; it outlives instances. */
export interface GatewayGuards {
  readonly board: BoardFacts;
  /** Topic filters of the gateway itself, on every connection; no grant reaches them. */
  readonly reservedTopics: readonly string[];
  /** Serial ports of the gateway itself (the console); no grant reaches them. */
  readonly reservedPorts: readonly string[];
  readonly quotas: QuotaLedger;
  readonly lines: LineRegistry;
  readonly usage: KvUsage;
  readonly audit: Audit;
  /** Why no line of the audit would be kept of what is done now, where one is demanded; or null. */
  readonly unrecorded: () => string | null;
  readonly clock: Clock;
}

/** A grant with what a decision needs of it. */
export interface HeldGrant {
  readonly grant: Grant;
  readonly text: string;
  /** Names the grant's buckets; the same for the next instance of the controller. */
  readonly quotaKey: string;
}

/** What the pipeline decided on an action and resource: who allows it, or why nobody does. */
export type Decision =
  | { readonly allowed: true; readonly by: readonly HeldGrant[] }
  | { readonly allowed: false; readonly message: string };

/** Decisions remembered per instance. */
const DECISIONS_MAX = 512;
/** A resource longer than this is cut in audit records and messages. */
const RESOURCE_CHARS_MAX = 256;

/** What the guards of one instance stand on: who it is, what it may do, and whether it lives. */
export class GuardContext {
  readonly controller: ControllerIdentity;
  readonly gateway: GatewayGuards;
  readonly actor: string;
  readonly held: readonly HeldGrant[];
  /** Effective grants in canonical text, sorted. */
  readonly granted: readonly string[];
  readonly decisions = new LRUCache<string, Decision>({ max: DECISIONS_MAX });
  readonly open = new OpenThings();
  #closed = false;

  constructor(controller: ControllerIdentity, grants: readonly Grant[], gateway: GatewayGuards) {
    this.controller = controller;
    this.gateway = gateway;
    this.actor = `${controller.name}@${controller.version}#${controller.instance}`;
    this.held = grants.map(grant => {
      const text = formatGrant(grant);
      return { grant, text, quotaKey: `grant ${controller.name} ${text}` };
    });
    this.granted = this.held.map(({ text }) => text).sort();
    for (const { grant } of this.held) {
      if (grant.class === 'gpio' && grant.dir === 'out' && grant.exclusive) {
        gateway.lines.claim(grant.label, controller.name);
      }
    }
  }

  /** Whether the instance has ended; nothing is allowed then. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Records a decision of this instance, its resource made printable and short. */
  record(record: Omit<AuditRecord, 'actor'>): void {
    const resource = printable(record.resource);
    this.gateway.audit.record({ ...record, actor: this.actor, resource });
  }

  /** Ends everything the instance has open and refuses all that follows. Twice does nothing. */
  close(): void {
    if (this.#closed) return;
    const errors = this.open.close();
    this.#closed = true;
    this.decisions.clear();
    this.gateway.lines.release(this.controller.name);
    for (const error of errors) {
      const reason = `closing: ${error instanceof Error ? error.message : String(error)}`;
      this.record({ action: 'guard.close', resource: '', decision: 'event', grant: null, reason });
    }
  }
}

const PLAIN_TEXT = /^[\x20-\x7e]*$/;

/** Returns the text without control characters and no longer than RESOURCE_CHARS_MAX. */
export function printable(text: string): string {
  if (text.length <= RESOURCE_CHARS_MAX && PLAIN_TEXT.test(text)) return text;
  const short = text.length > RESOURCE_CHARS_MAX ? `${text.slice(0, RESOURCE_CHARS_MAX)}...` : text;
  return short.toWellFormed().replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '?');
}
