import process from 'node:process';
import { errorMessage } from '../base/errors.ts';
import { sha256 } from '../base/sha256.ts';
import type { Clock } from '../ports/clock.ts';
import {
  ComponentError,
  type StagedArtifact,
  type StagePort,
  type Wall,
} from '../ports/component-host.ts';
import { chooseSandbox, chooseUid, findConfiningTools } from './confining-tools-io.ts';
import { CONFINED_FLAGS, type ConfinedCommand, confinedCommand } from './host-command.ts';
import { kernelFacts } from './kernel-facts-io.ts';
import { parseShape } from './shape-parser.ts';
import { type SiblingEntry, siblingEntry } from './sibling-entry.ts';
import { parseStageAnswer } from './stage-answer.ts';
import { runStage } from './stage-process-io.ts';
import { kernelWalls, type WallObstacles } from './walls.ts';

const DEADLINE_MS_DEFAULT = 10_000;
const HEAP_MIB_MAX = 256;
const DESCRIPTORS_MAX = 64;
/** Behind standard input, output and error. */
const SECCOMP_FD = 3;

/** How components are staged. */
export interface StageOptions {
  readonly clock: Clock;
  /** Of processor time, the start of the process included; 10 s when not given. */
  readonly deadlineMs?: number;
  /** The user that the process becomes; needs root. Null keeps the gateway's own. */
  readonly uid?: number | null;
  /** Whether nothing is staged where the sandbox cannot be put up. */
  readonly requireSandbox?: boolean;
  /** The process's entry file; this program's own when not given. */
  readonly entry?: SiblingEntry;
  /** Told once why stage processes share the gateway's namespaces, where they do. */
  readonly onShared?: (why: string) => void;
}

/** Stages, each component behind walls. */
export interface WalledStage extends StagePort {
  /** What the kernel said of the last process; empty before the first. */
  walls(): readonly Wall[];
}

/** Returns a port that stages each component in a process of its own, one at a time. */
export function spawnStage(options: StageOptions): WalledStage {
  const stager = new Stager(options);
  let last: Promise<unknown> = Promise.resolve();
  return {
    stage: (bytes, { memoryBytesMax }, digest = sha256(bytes)) => {
      const turn = last.then(() => stager.stage(bytes, memoryBytesMax, digest));
      last = turn.catch(() => {});
      return turn;
    },
    walls: () => stager.walls,
  };
}

class Stager {
  walls: readonly Wall[] = [];
  readonly #options: StageOptions;
  readonly #entry: SiblingEntry;
  /** Why this machine grants no namespaces; empty until it has refused them. */
  #sandboxObstacle = '';
  #isToldShared = false;

  constructor(options: StageOptions) {
    this.#options = options;
    this.#entry = options.entry ?? siblingEntry(import.meta.url, 'stage');
  }

  async stage(bytes: Uint8Array, memoryBytesMax: number, digest: string): Promise<StagedArtifact> {
    const output = await this.#run(bytes, memoryBytesMax);
    try {
      const answer = parseStageAnswer(output);
      if (answer.kind === 'staged') {
        const { plan, modules } = answer;
        return { digest, shape: parseShape(answer.shape), plan, modules };
      }
      throw new ComponentError('COMPONENT_REFUSED', `the component was refused: ${answer.reason}`);
    } catch (cause) {
      if (cause instanceof ComponentError) throw cause;
      const message = `the stage process answered wrongly: ${errorMessage(cause)}`;
      throw new ComponentError('COMPONENT_STAGE_FAILED', message, { cause });
    }
  }

  /** Behind namespaces, or without them once the machine has refused them. */
  async #run(component: Uint8Array, memoryBytesMax: number): Promise<Buffer> {
    const { clock, deadlineMs = DEADLINE_MS_DEFAULT } = this.#options;
    for (;;) {
      const { command, obstacles } = this.#launch(memoryBytesMax);
      if (command.sandbox === null) this.#shares(obstacles.namespaces);
      const onGreeting = (pid: number): void => {
        this.walls = kernelWalls(kernelFacts(pid), obstacles);
      };
      const end = await runStage({ command, component, clock, deadlineMs, onGreeting });
      if (end.kind === 'answered') return end.answer;
      // It was given nothing of the component, so that no component can bring this about.
      this.#sandboxObstacle = end.why === '' ? 'its sandbox ended' : end.why;
    }
  }

  #shares(why: string): void {
    const { requireSandbox = false, onShared } = this.#options;
    if (requireSandbox) {
      const message = `nothing is staged without namespaces and filter: ${why}`;
      throw new ComponentError('HOST_WALLS_MISSING', message);
    }
    if (!this.#isToldShared) onShared?.(why);
    this.#isToldShared = true;
  }

  #launch(memoryBytesMax: number): {
    readonly command: ConfinedCommand;
    readonly obstacles: WallObstacles;
  } {
    const user = chooseUid(this.#options.uid ?? null, this.#entry);
    const refused = this.#sandboxObstacle;
    const { sandbox, obstacle, filterObstacle } =
      refused === ''
        ? chooseSandbox(this.#entry, SECCOMP_FD)
        : { sandbox: null, obstacle: refused, filterObstacle: refused };
    const command = confinedCommand({
      nodePath: process.execPath,
      entry: this.#entry,
      flags: [...CONFINED_FLAGS, `--max-old-space-size=${HEAP_MIB_MAX}`],
      args: [String(memoryBytesMax)],
      tools: findConfiningTools(),
      uid: user.uid,
      descriptorsMax: DESCRIPTORS_MAX,
      sandbox,
    });
    const obstacles = { uid: user.obstacle, namespaces: obstacle, seccomp: filterObstacle };
    return { command, obstacles };
  }
}
