import process from 'node:process';
import { chooseSandbox, chooseUid, findConfiningTools } from './confining-tools-io.ts';
import { seccompFdOf } from './host/descriptors.ts';
import {
  type ConfinedCommand,
  confinedCommand,
  hostDescriptorsMax,
  hostFlags,
} from './host-command.ts';
import type { SiblingEntry } from './sibling-entry.ts';
import type { WallObstacles } from './walls.ts';

/** What a host process is launched as. */
export interface HostLaunchOptions {
  readonly entry: SiblingEntry;
  readonly slots: number;
  /** The user that it becomes; null keeps the gateway's own. */
  readonly uid: number | null;
  /** Why namespaces are not to be tried; empty to try them. */
  readonly sandboxObstacle: string;
}

/** A command with every wall that can be had here, and why the others cannot. */
export interface HostLaunch {
  readonly command: ConfinedCommand;
  readonly obstacles: WallObstacles;
}

/** Chooses the walls of a host process and returns the command that puts them up. */
export function hostLaunch({ entry, slots, uid, sandboxObstacle }: HostLaunchOptions): HostLaunch {
  const user = chooseUid(uid, entry);
  const { sandbox, obstacle, filterObstacle } =
    sandboxObstacle === ''
      ? chooseSandbox(entry, seccompFdOf(slots))
      : { sandbox: null, obstacle: sandboxObstacle, filterObstacle: sandboxObstacle };
  const command = confinedCommand({
    nodePath: process.execPath,
    entry,
    flags: hostFlags(),
    // Its probe asks whether it may signal us; in its namespaces its parent is somebody else.
    args: [String(process.pid)],
    tools: findConfiningTools(),
    uid: user.uid,
    descriptorsMax: hostDescriptorsMax(slots),
    sandbox,
  });
  const obstacles = { uid: user.obstacle, namespaces: obstacle, seccomp: filterObstacle };
  return { command, obstacles };
}
