import { errorMessage } from '../base/errors.ts';
import type { Release } from '../manifest/release.ts';
import { VerifierError } from '../manifest/release-verifier.ts';
import type { Authority } from '../manifest/verify-envelope.ts';
import type { Assembly } from '../ports/component-host.ts';
import type { ContentStore } from './content-store.ts';
import type { DeployEvent, ReleaseStart } from './deploy-event.ts';
import { DeployError } from './errors.ts';
import * as machine from './slot-machine.ts';
import { EMPTY_RECORD, type SlotName, type SlotRecord } from './slot-record.ts';
import type { SlotStore } from './slot-store.ts';
import type { ReleaseTrust } from './vouching.ts';

/**
 * Installs, starts, commits and takes back releases: the actor around the slot machine. Every
 * transition is persisted before its effect, so a start after a power cut resumes from the truth.
 * One operation runs at a time; a second is refused, not queued.
 */
export interface Deployer {
  /** Starts what the slot record says. Resolves also when there is nothing to run. */
  boot(): Promise<void>;
  /**
   * Installs a release and resolves when it is committed. Rejects after the way back is done. With
   * leave of a token it may be older than what was committed here. The
   * bytes are moved: the caller's view is empty from now on.
   */
  install(envelope: Uint8Array, leave?: machine.Leave): Promise<InstalledRelease>;
  /** Returns to the other slot's release. */
  rollback(cause: string): Promise<InstalledRelease>;
  record(): SlotRecord;
  running(): InstalledRelease | null;
  /** Why this gateway runs nothing and installs nothing until a person has acted, or null. */
  trouble(): string | null;
  /**
   * Stops what runs, without a transition: an operation under way ends there, as if by a power
   * cut, and what it began is resumed or given up at the next `boot`.
   */
  close(): Promise<void>;
}

/** What an installation or rollback led to. */
export interface InstalledRelease {
  readonly slot: SlotName;
  readonly release: Release;
  readonly manifestDigest: string;
}

/** A release whose envelope was verified and whose components were staged. */
export interface ReadyRelease {
  readonly release: Release;
  /** Who vouches for it. */
  readonly authority: Authority;
  readonly manifestDigest: string;
  /** By controller. */
  readonly assemblies: ReadonlyMap<string, Assembly>;
}

/** A ready release, and the very bytes that it was verified in. */
export interface ExaminedRelease extends ReadyRelease {
  readonly envelope: Uint8Array;
  /** SHA-256 of them, lower-case hex. */
  readonly envelopeDigest: string;
}

/**
 * What a release is verified for: it is new here, a token lets it come back, or this gateway
 * accepted it before.
 */
export type Occasion = 'new' | 'recovery' | 'accepted';

/** A started release. */
export interface RunningRelease {
  /** Resolves when the release has proven itself for the soak time; rejects with the cause. */
  readonly proven: Promise<void>;
  stop(): Promise<void>;
}

/** The parts the deployer works through. */
export interface DeployerParts {
  readonly slots: SlotStore;
  readonly envelopes: ContentStore;
  /**
   * Verifies all five layers and stages every component; nothing is written by it that matters.
   * `occasion` says what the release is verified for. The bytes are moved, and the
   * result holds them. Rejects with VerifierError when it cannot tell.
   */
  readonly makeReady: (envelope: Uint8Array, occasion: Occasion) => Promise<ExaminedRelease>;
  readonly trust: ReleaseTrust;
  readonly start: (
    ready: ReadyRelease,
    slot: SlotName,
    reason: ReleaseStart,
    previous: Release | null,
  ) => Promise<RunningRelease>;
  readonly onEvent: (event: DeployEvent) => void;
  /**
   * Removes what `makeReady` left of releases other than these, by the digests of their envelopes.
   * Called when none is being made ready.
   */
  readonly forgetOthers?: (kept: ReadonlySet<string>) => Promise<unknown>;
  /** Returns why nothing may run here, whatever the release; null where it may. */
  readonly obstacle?: () => Promise<Error | null>;
}

interface Current extends InstalledRelease {
  readonly running: RunningRelease;
}

const RECORD_LOST =
  'every slot record is damaged, so this gateway does not know what it committed: nothing runs ' +
  'and nothing is installed. Move state.0 and state.1 out of the slots folder of the state ' +
  'directory, start the gateway again and install a release; downgrades that were refused before ' +
  'are then taken';

/** Returns a deployer; nothing happens before `boot`. */
export function createDeployer(parts: DeployerParts): Deployer {
  return new DeployerActor(parts);
}

class DeployerActor implements Deployer {
  readonly #parts: DeployerParts;
  #record: SlotRecord = EMPTY_RECORD;
  #current: Current | null = null;
  #busy: string | null = null;
  /** Resolves when the start under way is over, however it ended. */
  #booted: Promise<void> = Promise.resolve();
  #trouble: Error | null = null;
  #closing = false;

  constructor(parts: DeployerParts) {
    this.#parts = parts;
  }

  record(): SlotRecord {
    return this.#record;
  }

  running(): InstalledRelease | null {
    return this.#current;
  }

  trouble(): string | null {
    return this.#trouble?.message ?? null;
  }

  boot(): Promise<void> {
    const boot = this.#alone('starting', async () => {
      const { record, damage } = await this.#parts.slots.load();
      this.#record = record;
      if (damage !== null) this.#parts.onEvent({ kind: 'record-damaged', ...damage });
      if (damage?.lost === true) {
        const words = `${RECORD_LOST} (${damage.detail})`;
        this.#trouble = new DeployError('DEPLOY_RECORD_DAMAGED', words);
        return;
      }
      // No release is taken back for it: none of them is the cause.
      this.#trouble = (await this.#parts.obstacle?.()) ?? null;
      if (this.#trouble !== null) {
        this.#parts.onEvent({ kind: 'stranded', cause: this.#trouble.message });
        return;
      }
      try {
        await this.#startDecided();
      } catch (error) {
        if (!this.#closing) throw error;
      }
      await this.#collect();
    });
    this.#booted = boot.catch(() => undefined);
    return boot;
  }

  async #startDecided(): Promise<void> {
    const decision = machine.decideBoot(this.#record);
    switch (decision.kind) {
      case 'empty':
        return;
      case 'run':
        return this.#startCommitted('cold');
      case 'try':
        // A try that is not counted could be had without end, so there is none.
        if (await this.#persisted(decision.record)) return this.#resumeTrial(decision.slot);
        return this.#startCommitted('cold');
      case 'give-up-trial': {
        const { trial, slots } = this.#record;
        const failed = trial === null ? null : slots[trial.slot];
        await this.#takeOn(decision.record);
        this.#reportTrialFailure(decision.record.lastCause ?? 'unknown', failed);
        return this.#startCommitted('rollback');
      }
    }
  }

  install(bytes: Uint8Array, leave: machine.Leave | null = null): Promise<InstalledRelease> {
    return this.#afterBoot('installing', async () => {
      await this.#requireNoTrouble();
      const { ready, candidate, envelope } = await this.#examine(bytes, leave);
      const slot = machine.targetSlot(this.#record);
      this.#parts.onEvent({ kind: 'installing', release: ready.release, slot });
      // 1. The target is marked incomplete, 2. the content is made durable and read back, 3. only
      //    then is it put on trial.
      const before = this.#record;
      await this.#persist(machine.beginWriting(before, candidate, leave));
      try {
        await this.#parts.envelopes.put(envelope, candidate.envelopeDigest);
        await this.#parts.envelopes.get(candidate.envelopeDigest);
      } catch (error) {
        await this.#persist(machine.abandonWriting(this.#record, before));
        throw error;
      }
      await this.#persist(machine.finishWriting(this.#record, leave));
      await this.#persist(machine.beginTry(this.#record));
      return this.#tryOut(ready, slot);
    });
  }

  rollback(cause: string): Promise<InstalledRelease> {
    return this.#alone('rolling back', async () => {
      await this.#requireNoTrouble();
      const record = machine.rollback(this.#record, cause);
      // Memory first: the old release runs before the disk is asked, because a person waits for it.
      const before = this.#record;
      this.#record = record;
      try {
        await this.#startCommitted('rollback');
      } catch (error) {
        this.#record = before;
        await this.#startCommitted('rollback');
        throw error;
      }
      await this.#parts.slots.save(record);
      const current = this.#requireCurrent();
      this.#parts.onEvent({ kind: 'rolled-back', release: current.release, cause });
      return current;
    });
  }

  async close(): Promise<void> {
    this.#closing = true;
    await this.#stopCurrent();
  }

  async #examine(
    bytes: Uint8Array,
    leave: machine.Leave | null,
  ): Promise<{
    readonly ready: ReadyRelease;
    readonly candidate: machine.Candidate;
    readonly envelope: Uint8Array;
  }> {
    try {
      const examined = await this.#parts.makeReady(bytes, leave === null ? 'new' : 'recovery');
      const { envelope, envelopeDigest, ...ready } = examined;
      const { authority } = ready;
      const { name, version, sequence, controllers } = ready.release;
      const candidate = {
        envelopeDigest,
        manifestDigest: ready.manifestDigest,
        name,
        version,
        sequence,
        roles: authority.roles,
        rootVersion: authority.rootVersion,
        controllers: controllers.map(controller => controller.name),
      };
      const { trust } = this.#parts;
      const floors = trust.floorsOf(authority, this.#record.floors);
      machine.requireInstallable(this.#record, candidate, floors, leave);
      const { active, slots } = this.#record;
      const installed = active === null ? null : slots[active];
      if (leave === null) trust.requireOwner(authority, installed?.controllers ?? []);
      // Verified and staged it was for a while, in which whom to trust may have changed.
      trust.requireVouched(authority, candidate.manifestDigest, leave !== null);
      return { ready, candidate, envelope };
    } catch (error) {
      this.#parts.onEvent({ kind: 'refused', error });
      // Whoever is refused again and again would fill the disk with what was staged until then.
      await this.#forgetOthers();
      throw error;
    }
  }

  async #resumeTrial(slot: SlotName): Promise<void> {
    const ready = await this.#loadTrial(slot);
    if (ready === null) return;
    try {
      await this.#tryOut(ready, slot);
    } catch (error) {
      // The trial's failure was reported and the committed release runs; only being left with
      // nothing at all is an error of the start itself.
      if (this.#current === null && this.#record.active !== null) throw error;
    }
  }

  /** Returns null where it cannot be had: then the committed release is started instead. */
  async #loadTrial(slot: SlotName): Promise<ReadyRelease | null> {
    try {
      return await this.#load(slot);
    } catch (error) {
      if (this.#closing) throw closing();
      if (error instanceof VerifierError) {
        // No verdict says nothing about the release: its next try is at the next start.
        await this.#startCommitted('cold');
        return null;
      }
      const cause = errorMessage(error);
      const failed = this.#record.slots[slot];
      await this.#takeOn(machine.fail(this.#record, cause));
      this.#reportTrialFailure(cause, failed);
      await this.#startCommitted('rollback');
      return null;
    }
  }

  async #tryOut(ready: ReadyRelease, slot: SlotName): Promise<InstalledRelease> {
    try {
      await this.#switchTo(ready, slot, 'update');
      await this.#requireCurrent().running.proven;
      const isRecovery = this.#record.trial?.floorStays === true;
      this.#parts.trust.requireVouched(ready.authority, ready.manifestDigest, isRecovery);
    } catch (error) {
      // Stopped with the gateway, it has not failed: it goes on at the next start.
      if (this.#closing) throw closing();
      const cause = errorMessage(error);
      const { name, version } = ready.release;
      await this.#stopCurrent();
      await this.#takeOn(machine.fail(this.#record, cause));
      this.#reportTrialFailure(cause, ready.release);
      await this.#startCommitted('rollback');
      // Only now: outputs are safe, and nothing of what they are for is done, until it runs.
      await this.#collect();
      throw new DeployError(
        'DEPLOY_TRIAL_FAILED',
        `${name} ${version} failed its trial and was taken back: ${cause}`,
        { cause: error },
      );
    }
    await this.#persist(machine.commit(this.#record));
    await this.#collect();
    this.#parts.onEvent({ kind: 'committed', release: ready.release, slot });
    return this.#requireCurrent();
  }

  /** Starts the active slot; where its release cannot run, the other committed one. */
  async #startCommitted(reason: ReleaseStart): Promise<void> {
    const slot = this.#record.active;
    if (slot === null) return this.#stopCurrent();
    try {
      await this.#switchTo(await this.#load(slot), slot, reason);
    } catch (error) {
      if (this.#closing) throw closing();
      const cause = errorMessage(error);
      this.#parts.onEvent({ kind: 'stranded', cause });
      if (reason === 'rollback' || machine.rollbackTarget(this.#record) === null) {
        throw new DeployError('DEPLOY_ROLLBACK_FAILED', `slot ${slot} cannot run: ${cause}`, {
          cause: error,
        });
      }
      await this.#takeOn(machine.rollback(this.#record, cause));
      await this.#startCommitted('rollback');
      this.#parts.onEvent({
        kind: 'rolled-back',
        release: this.#requireCurrent().release,
        cause,
      });
    }
  }

  async #load(slot: SlotName): Promise<ReadyRelease> {
    const entry = this.#record.slots[slot];
    if (entry === null) throw new DeployError('DEPLOY_NOT_STORED', `slot ${slot} is empty`);
    const load = async () => {
      const bytes = await this.#parts.envelopes.get(entry.envelopeDigest);
      const { envelope: _, ...ready } = await this.#parts.makeReady(bytes, 'accepted');
      return ready;
    };
    return load().catch(error => {
      // No verdict says nothing about the release: it is not taken back for that, but asked again.
      if (error instanceof VerifierError) return load();
      throw error;
    });
  }

  async #switchTo(ready: ReadyRelease, slot: SlotName, reason: ReleaseStart): Promise<void> {
    if (this.#closing) throw closing();
    const previous = this.#current?.release ?? null;
    await this.#stopCurrent();
    const running = await this.#parts.start(ready, slot, reason, previous);
    if (this.#closing) {
      await running.stop();
      throw closing();
    }
    // Only a trial waits for the proof; without a listener a late failure would end the process.
    running.proven.catch(() => undefined);
    this.#current = {
      slot,
      release: ready.release,
      manifestDigest: ready.manifestDigest,
      running,
    };
    this.#parts.onEvent({ kind: 'started', release: ready.release, reason });
  }

  async #stopCurrent(): Promise<void> {
    const current = this.#current;
    this.#current = null;
    await current?.running.stop();
  }

  #requireCurrent(): Current {
    if (this.#current === null) throw closing();
    return this.#current;
  }

  async #requireNoTrouble(): Promise<void> {
    const trouble = this.#trouble ?? (await this.#parts.obstacle?.()) ?? null;
    if (trouble !== null) throw trouble;
  }

  async #persist(record: SlotRecord): Promise<void> {
    if (this.#closing) throw closing();
    await this.#parts.slots.save(record);
    this.#record = record;
  }

  /** For a way back, which is gone also where the disk takes nothing: then in memory only. */
  async #takeOn(record: SlotRecord): Promise<void> {
    const { generation } = this.#record;
    if (await this.#persisted(record)) return;
    // Of the same generation as on the disk, so that the next save spares the file in force.
    this.#record = { ...record, generation };
  }

  async #persisted(record: SlotRecord): Promise<boolean> {
    try {
      await this.#persist(record);
      return true;
    } catch (error) {
      if (this.#closing) throw error;
      this.#parts.onEvent({ kind: 'record-unsaved', cause: errorMessage(error) });
      return false;
    }
  }

  /** What is left over costs room, nothing else, and the next time gets it: no reason to fail. */
  async #collect(): Promise<void> {
    await this.#forgetOthers();
    // Without a record nobody knows what is left over.
    if (this.#closing || this.#record.generation === 0) return;
    await this.#parts.envelopes.collect(this.#kept()).catch(() => undefined);
  }

  /** What is lost here is made again, so that no record is needed to be sure. */
  async #forgetOthers(): Promise<void> {
    if (this.#closing) return;
    await this.#parts.forgetOthers?.(this.#kept()).catch(() => undefined);
  }

  #kept(): ReadonlySet<string> {
    const { a, b } = this.#record.slots;
    const kept = [a, b].flatMap(entry =>
      entry?.state === 'installed' || entry?.state === 'good' ? [entry.envelopeDigest] : [],
    );
    return new Set(kept);
  }

  #reportTrialFailure(cause: string, failed: Pick<Release, 'name' | 'version'> | null): void {
    const release = failed === null ? 'the release on trial' : `${failed.name}@${failed.version}`;
    this.#parts.onEvent({ kind: 'trial-failed', release, cause });
  }

  /**
   * An installation that comes during a start waits for it. A rollback does not: what it was meant
   * to take back may be another release by then.
   */
  async #afterBoot<T>(what: string, work: () => Promise<T>): Promise<T> {
    await this.#booted;
    if (this.#closing) throw closing();
    return this.#alone(what, work);
  }

  async #alone<T>(what: string, work: () => Promise<T>): Promise<T> {
    if (this.#busy !== null) {
      throw new DeployError('DEPLOY_BUSY', `the gateway is ${this.#busy}; try again afterwards`);
    }
    this.#busy = what;
    try {
      return await work();
    } finally {
      this.#busy = null;
    }
  }
}

function closing(): DeployError {
  return new DeployError('DEPLOY_BUSY', 'the gateway is closing');
}
