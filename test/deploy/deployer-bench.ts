import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeFiles } from '../../drivers/files/node-files.ts';
import { sha256 } from '../../runtime/base/sha256.ts';
import { contentStore } from '../../runtime/deploy/content-store.ts';
import type { DeployEvent } from '../../runtime/deploy/deploy-event.ts';
import { createDeployer, type Deployer } from '../../runtime/deploy/deployer.ts';
import { slotStore } from '../../runtime/deploy/slot-store.ts';
import type { Release } from '../../runtime/manifest/release.ts';
import { inThreadVerifier, VerifierError } from '../../runtime/manifest/release-verifier.ts';
import type { Files } from '../../runtime/ports/files.ts';

/** A test release is a few words. */
export const BLOB_BYTES_MAX = 1024;

/** A deployer, what it told and what runs. */
export interface Bench {
  readonly deployer: Deployer;
  readonly events: DeployEvent[];
  /** Versions started and not stopped, oldest first. */
  readonly alive: string[];
  /** What was kept each time, by the digests of envelopes. */
  readonly kept: ReadonlySet<string>[];
}

/** The release that a text stands for. */
export function release(text: string): Release {
  const version = text.split(' ')[0] ?? '';
  return {
    name: 'heating',
    sequence: Number(version.split('.')[0]),
    version,
    vendor: 'example.com',
    gatewayClass: 'gateway',
    minimumRuntime: '0.1.0',
    description: '',
    controllers: [],
  };
}

/** Opens a deployer over the state in `folder`. */
export async function bench(folder: string, files: Files = nodeFiles()): Promise<Bench> {
  const events: DeployEvent[] = [];
  const alive: string[] = [];
  const kept: ReadonlySet<string>[] = [];
  const deployer = createDeployer({
    slots: slotStore(files, folder),
    envelopes: contentStore(files, inThreadVerifier(), join(folder, 'releases'), BLOB_BYTES_MAX),
    makeReady: async bytes => {
      const text = new TextDecoder().decode(bytes);
      if (flaws.delete('no verdict')) throw new VerifierError('VERIFIER_LOST', 'thread ended');
      if (flaws.has(`${text} unverifiable`)) throw new Error('revoked meanwhile');
      if (text.includes('forged')) throw new Error('signature does not match');
      const digest = sha256(bytes);
      return {
        release: release(text),
        manifestDigest: digest,
        assemblies: new Map(),
        envelope: bytes,
        envelopeDigest: digest,
        authority: { roles: ['release'], rootVersion: 1, keyIds: [] },
      };
    },
    trust: {
      floorsOf: (_, floors) => floors,
      requireOwner: () => undefined,
      requireVouched: (_, digest) => {
        if (flaws.has(`revoked ${digest}`)) throw new Error('revoked');
      },
    },
    start: async ready => {
      const text = ready.release.version;
      const undecided = Promise.withResolvers<void>();
      undecided.promise.catch(() => undefined);
      if (flaws.has(`${text} slow`)) {
        starting.add(text);
        await new Promise(resolve => setTimeout(resolve, 50));
        starting.delete(text);
      }
      if (flaws.has(`${text} start`)) throw new Error('refused to start');
      alive.push(text);
      return {
        proven: flaws.has(`${text} health`)
          ? Promise.reject(new Error('unhealthy'))
          : flaws.has(`${text} undecided`)
            ? undecided.promise
            : Promise.resolve(),
        stop: async () => {
          undecided.reject(new Error('stopped during its trial'));
          alive.splice(alive.indexOf(text), 1);
        },
      };
    },
    forgetOthers: async releases => kept.push(releases),
    onEvent: event => events.push(event),
  });
  return { deployer, events, alive, kept };
}

/** What goes wrong: `VERSION FLAW`, or `no verdict` once. */
export const flaws = new Set<string>();
/** Versions with the flaw `slow`, while their start lasts. */
export const starting = new Set<string>();

/** Waits until something is so; fails by the time-out of whoever runs the tests. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise(resolve => setTimeout(resolve, 5));
}

/** The envelope of a release is its text. */
export const envelope = (text: string) => new TextEncoder().encode(text);

/** Runs `work` in an empty folder; flaws end with it. */
export async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'deployer-'));
  try {
    await work(folder);
  } finally {
    flaws.clear();
    await rm(folder, { recursive: true });
  }
}

/** Commits 1.0.0 in `folder`, begins a trial of 2.0.0, and stops the gateway within it. */
export async function stopInTrial(folder: string): Promise<void> {
  const { deployer, alive } = await bench(folder);
  await deployer.boot();
  await deployer.install(envelope('1.0.0'));
  flaws.add('2.0.0 undecided');
  const trial = deployer.install(envelope('2.0.0')).catch(() => undefined);
  await until(() => alive.includes('2.0.0'));
  await deployer.close();
  await trial;
}
