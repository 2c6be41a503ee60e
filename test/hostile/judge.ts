import * as assert from 'uvu/assert';
import { type GatewayUnderTest, refusal, until } from '../gateway/gateway-under-test.ts';
import { type AuditLine, auditLines } from './audit-lines.ts';
import type { HostileKind } from './kind.ts';
import type { AfterEnd, Culprit, Releases } from './site.ts';

const REFUSED_BY = {
  link: /^COMPONENT_REFUSED$/,
  compile: /^COMPONENT_REFUSED$/,
  contract: /^(COMPONENT_REFUSED|POLICY_IMPORT)$/,
} as const;

/** Requires that what has to become of a hostile component does, and that it is told. */
export class Judge {
  readonly #gateway: GatewayUnderTest;
  readonly #releases: Releases;
  #auditSeen = 0;

  constructor(gateway: GatewayUnderTest, releases: Releases) {
    this.#gateway = gateway;
    this.#releases = releases;
  }

  /** From here on, lines of the audit count. */
  async begin(): Promise<void> {
    const lines = await auditLines(this.#gateway.site.stateDirectory, this.#auditSeen);
    this.#auditSeen = lines.at(-1)?.seq ?? this.#auditSeen;
  }

  /** Offers a release with a component that is to be refused before anything is stored. */
  async offered(kind: HostileKind): Promise<void> {
    const { stop } = kind;
    if (stop.at !== 'link' && stop.at !== 'compile' && stop.at !== 'contract') {
      throw new Error(`${kind.name} is not refused when it is offered`);
    }
    const slots = await this.#gateway.slots();
    const envelope = await this.#releases.with([{ kind, afterEnd: 'restart' }]);
    const refused = await refusal(this.#gateway.install(envelope));
    assert.match(refused.code, REFUSED_BY[stop.at], refused.message);
    assert.match(refused.message, stop.words);
    assert.match(refused.message, kind.name, 'the culprit is named');
    if (stop.at === 'link') assert.match(refused.message, stop.code);
    assert.equal(await this.#gateway.slots(), slots, 'nothing is stored');
    const [cause] = await this.#gateway.why('offered');
    assert.is(cause?.kind, 'refusal');
    assert.match(cause?.what ?? '', kind.name, 'why names the culprit');
    await this.#audited('release.refused', line => line.reason.includes(kind.name));
  }

  /** Installs a release whose culprit never starts. */
  async tried(kind: HostileKind): Promise<void> {
    const { stop } = kind;
    if (stop.at !== 'trial') throw new Error(`${kind.name} does not fail its trial`);
    const before = await this.#activeDigest();
    const envelope = await this.#releases.with([{ kind, afterEnd: 'quarantine' }]);
    const failed = await refusal(this.#gateway.install(envelope));
    assert.is(failed.code, 'DEPLOY_TRIAL_FAILED', failed.message);
    assert.match(failed.message, stop.words);
    assert.match(failed.message, kind.name, 'the culprit is named');
    assert.is(await this.#activeDigest(), before, 'the release from before runs');
    await this.#gateway.reached('relay', 'running');
    await this.#audited('controller.end', line => isOf(line, kind) && stop.words.test(line.reason));
  }

  /** Sends a culprit that runs the message at which it becomes hostile. */
  async told({ kind, afterEnd }: Culprit): Promise<void> {
    const before = await this.#gateway.reached(kind.name, 'running');
    await this.#gateway.publish(`site/${kind.name}`, 'now');
    if (kind.stop.at === 'call') await this.#ended(kind, afterEnd, before.restarts);
    else await this.#goesOn(kind, before.handled);
  }

  /** Requires that a culprit is gone after its release was replaced. */
  async replaced(kind: HostileKind): Promise<void> {
    assert.is(await this.#gateway.controller(kind.name), null);
    await this.#audited('controller.end', line => isOf(line, kind));
  }

  async #ended(kind: HostileKind, afterEnd: AfterEnd, restarts: number): Promise<void> {
    const { stop, name } = kind;
    const words = stop.at === 'call' ? stop.words : /never/;
    const quarantined = afterEnd === 'quarantine';
    await until(`${name} has ended`, async () => {
      const report = await this.#gateway.controller(name);
      if (quarantined) return report?.state === 'quarantined' || null;
      return (report?.state === 'running' && report.restarts === restarts + 1) || null;
    });
    const [cause] = await this.#gateway.why(name);
    assert.is(cause?.kind, afterEnd);
    assert.match(cause?.what ?? '', name, 'why names the culprit');
    assert.match(cause?.causedBy.join('\n') ?? '', words);
    await this.#audited('controller.end', line => isOf(line, kind) && words.test(line.reason));
    if (quarantined) await this.#audited('controller.quarantine', line => isOf(line, kind));
  }

  async #goesOn(kind: HostileKind, handledBefore: number): Promise<void> {
    const report = await until(`${kind.name} has handled its message`, async () => {
      const now = await this.#gateway.controller(kind.name);
      const isOver = now?.state !== 'running' || now.restarts > 0 || now.handled > handledBefore;
      return isOver ? now : null;
    });
    const [cause] = await this.#gateway.why(kind.name);
    assert.is(report.state, 'running', cause?.causedBy.join('; ') ?? 'it does not run');
    assert.is(report.restarts, 0, cause?.causedBy.join('; ') ?? 'it was restarted');
  }

  async #activeDigest(): Promise<string | undefined> {
    const { a, b } = await this.#gateway.slots();
    return [a, b].find(slot => slot?.active === true)?.manifestDigest;
  }

  async #audited(action: string, matches: (line: AuditLine) => boolean): Promise<void> {
    await until(`the audit has ${action}`, async () => {
      const lines = await auditLines(this.#gateway.site.stateDirectory, this.#auditSeen);
      return lines.some(line => line.action === action && matches(line)) || null;
    });
  }
}

function isOf({ resource }: AuditLine, { name }: HostileKind): boolean {
  return resource.startsWith(`${name}@`);
}
