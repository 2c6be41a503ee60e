import type { AuditEntry } from '../../capabilities/guards/index.ts';
import { type ActorState, describeEnd, type EndCause } from '../actors/actor-types.ts';
import { errorCode, errorMessage } from '../base/errors.ts';
import type { DeployEvent } from '../deploy/deploy-event.ts';
import type { Release } from '../manifest/release.ts';
import type { Causes } from '../monitoring/causes.ts';
import type { Audit } from '../ports/audit.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';

/**
 * Turns what happens in the gateway into the three places where people look: the log (now), the
 * causes (`why`) and the audit (later). One function for each source of events.
 */
export interface EventSinks {
  readonly log: Log;
  readonly causes: Causes;
  readonly audit: Audit;
  readonly clock: Clock;
}

/** The line that a denial's reason ends with, when a grant would allow it (guards/pipeline.ts). */
const GRANT_AT_END = /: ([a-z]+:\S+)$/;

/** Tells of what a guard denied a controller; aggregated denials come with their count. */
export function tellDecision(sinks: Omit<EventSinks, 'audit'>, entry: AuditEntry): void {
  const name = /^([^@]+)@/.exec(entry.actor)?.[1];
  if (entry.decision !== 'deny' || name === undefined) return;
  const times = entry.count === 1 ? '' : ` (${entry.count} times)`;
  sinks.log.write('warn', 'gateway', `${name}: denied${times}: ${entry.reason}`, {
    controller: name,
    action: entry.action,
  });
  sinks.causes.record(
    {
      kind: 'denial',
      subject: `controller/${name}`,
      what: `${entry.action} of "${entry.resource}" was denied`,
      causedBy: [entry.reason],
      fix: GRANT_AT_END.exec(entry.reason)?.[1] ?? null,
    },
    sinks.clock.wallMs(),
  );
}

/** Tells of a controller's change of state. `lastWords` is the last error that it logged. */
export function tellState(
  sinks: EventSinks,
  name: string,
  state: ActorState,
  lastWords: string | null,
): void {
  const subject = `controller/${name}`;
  if (state.at === 'backoff') {
    const what = `${name} ended and is restarted (attempt ${state.attempt})`;
    const causedBy = endWords(state.cause, lastWords);
    sinks.causes.record(
      { kind: 'restart', subject, what, causedBy, fix: null },
      sinks.clock.wallMs(),
    );
  }
  if (state.at === 'quarantined') {
    sinks.causes.record(
      {
        kind: 'quarantine',
        subject,
        what: `${name} ended too often and stays down, its outputs safe`,
        causedBy: endWords(state.cause, lastWords),
        fix: `airssys-wasm release-quarantine ${name}`,
      },
      sinks.clock.wallMs(),
    );
  }
}

function endWords(cause: EndCause, lastWords: string | null): string[] {
  // An engine that gives up on an exception says what was thrown, then traps without a word.
  const told = cause.kind === 'trapped' && lastWords !== null;
  return [describeEnd(cause), ...(told ? [`its last error was: ${lastWords}`] : [])];
}

/** Tells that the count of starts was damaged, and what became of it. */
export function tellBootDamage({ log, audit }: EventSinks, words: string): void {
  log.write('error', 'gateway', words, { code: 'boots-damaged' });
  audit.record({
    actor: 'gateway',
    action: 'state.boots-damaged',
    resource: 'boots',
    decision: 'event',
    grant: null,
    reason: words,
  });
}

/** Tells of a step of the deployer. */
export function tellDeploy(sinks: EventSinks, event: DeployEvent): void {
  const told = wordsFor(event);
  sinks.log.write(told.level, 'gateway', told.words, { code: told.code });
  sinks.audit.record({
    actor: 'gateway',
    action: `release.${event.kind}`,
    resource: told.resource,
    decision: event.kind === 'refused' ? 'deny' : 'event',
    grant: null,
    reason: told.words,
  });
  if (told.cause !== null) {
    sinks.causes.record(
      {
        kind: told.cause,
        subject: `release/${told.resource}`,
        what: told.words,
        causedBy: told.causedBy,
        fix: told.fix,
      },
      sinks.clock.wallMs(),
    );
  }
}

interface Told {
  readonly level: 'info' | 'warn' | 'error' | 'critical';
  readonly words: string;
  readonly code: string;
  readonly resource: string;
  readonly cause: 'refusal' | 'rollback' | 'stop' | null;
  readonly causedBy: readonly string[];
  readonly fix: string | null;
}

function wordsFor(event: DeployEvent): Told {
  const plain = { code: event.kind, cause: null, causedBy: [], fix: null } as const;
  switch (event.kind) {
    case 'record-damaged': {
      const { detail } = event;
      const words = event.lost
        ? `no slot record can be used, so no release runs and none is installed: ${detail}`
        : `a slot record could not be used: ${detail}`;
      return { ...plain, level: event.lost ? 'critical' : 'error', words, resource: 'slots' };
    }
    case 'record-unsaved': {
      const words = `the slot record was not saved, so a restart decides anew: ${event.cause}`;
      return { ...plain, level: 'error', words, resource: 'slots' };
    }
    case 'installing': {
      const words = `installing ${nameOf(event.release)} into slot ${event.slot}`;
      return { ...plain, level: 'info', words, resource: nameOf(event.release) };
    }
    case 'started': {
      const words = `${nameOf(event.release)} started (${event.reason})`;
      return { ...plain, level: 'info', words, resource: nameOf(event.release) };
    }
    case 'committed': {
      const words = `${nameOf(event.release)} committed in slot ${event.slot}`;
      return { ...plain, level: 'info', words, resource: nameOf(event.release) };
    }
    case 'refused': {
      const words = `release refused: ${errorMessage(event.error)}`;
      const code = errorCode(event.error);
      const fix = GRANT_AT_END.exec(words)?.[1] ?? null;
      return { ...plain, level: 'error', words, code, resource: 'offered', cause: 'refusal', fix };
    }
    case 'trial-failed': {
      const words = `${event.release} failed its trial and was taken back`;
      const causedBy = [event.cause];
      const told = { level: 'error', words, resource: event.release } as const;
      return { ...plain, ...told, cause: 'rollback', causedBy };
    }
    case 'rolled-back': {
      const words = `rolled back to ${nameOf(event.release)}`;
      const told = { level: 'warn', words, resource: nameOf(event.release) } as const;
      return { ...plain, ...told, cause: 'rollback', causedBy: [event.cause] };
    }
    case 'stranded': {
      const words = `the committed release cannot run: ${event.cause}`;
      const told = { level: 'critical', words, resource: 'active' } as const;
      return { ...plain, ...told, cause: 'stop', causedBy: [event.cause] };
    }
  }
}

function nameOf(release: Release): string {
  return `${release.name}@${release.version}`;
}
