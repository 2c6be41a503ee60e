import { errorMessage } from '../base/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { Files } from '../ports/files.ts';
import { countBoot } from './boot-count.ts';
import { GatewayStartError } from './errors.ts';

/** The folders of a gateway's state, and the numbers that must never come twice. */
export interface StateFolder {
  readonly root: string;
  readonly slots: string;
  readonly releases: string;
  readonly staged: string;
  readonly audit: string;
  /** Roots that followed the factory's, and revocations. */
  readonly trust: string;
  /** Path of the key-value database. */
  readonly keyvalueFile: string;
  /** Counts the starts of this gateway since its state was created; 1 for the first. */
  readonly boot: number;
  /** What was wrong with the count, and what was made of it, in words; null where nothing was. */
  readonly bootDamage: string | null;
  /** Words for people about a folder that cannot be written; null where it can. */
  readonly notice: string | null;
  /** Returns a number for the next instance of a controller: rising, never given twice. */
  readonly nextInstance: (controller: string) => bigint;
}

/**
 * An instance number is the count of starts, then the second in which the gateway started, where
 * it could not be counted or the count was damaged, then the instance in that boot. So it rises
 * from start to start, also when the disk takes writes again, and is unique while the clock does
 * not go back. The counts last for 16 million starts, the seconds until 2092.
 */
const SECOND_BITS = 31n;
const INSTANCE_BITS = 9n;
const SECOND_ZERO_MS = Date.UTC(2024, 0);
/** Leaves a million starts to a clock that is far ahead. */
const LOST_FLOOR_MAX = 2 ** 24 - 2 ** 20;

/**
 * Opens the state folder and counts this start, durably, before anything else happens. A folder
 * that can only be read does not keep a gateway from starting what was committed.
 * Rejects with GatewayStartError `GATEWAY_STATE_DIRECTORY`.
 */
export async function openStateFolder(
  files: Files,
  root: string,
  clock: Pick<Clock, 'wallMs'>,
): Promise<StateFolder> {
  try {
    const folders = {
      slots: `${root}/slots`,
      releases: `${root}/releases`,
      staged: `${root}/staged`,
      audit: `${root}/audit`,
      trust: `${root}/trust`,
    };
    for (const folder of Object.values(folders)) await files.makeFolder(folder);
    const minutes = minutesSinceZero(clock.wallMs());
    const { boot, notice, damage } = await countBoot(files, root, minutes);
    const isSure = notice === null && damage === null;
    const second = isSure ? 0n : secondsSinceZero(clock.wallMs());
    const block = (BigInt(Math.max(0, boot - 1)) << SECOND_BITS) + second;
    const counts = new Map<string, bigint>();
    return {
      root,
      ...folders,
      keyvalueFile: `${root}/keyvalue.db`,
      boot,
      bootDamage: damage,
      notice,
      nextInstance: controller => {
        const next = (counts.get(controller) ?? 0n) + 1n;
        counts.set(controller, next);
        return (block << INSTANCE_BITS) + next;
      },
    };
  } catch (cause) {
    throw new GatewayStartError(
      'GATEWAY_STATE_DIRECTORY',
      `the state directory ${root} cannot be used: ${errorMessage(cause)}; ` +
        'set state-directory in gateway.toml to one that this user may write',
      { cause },
    );
  }
}

function secondsSinceZero(wallMs: number): bigint {
  const seconds = BigInt(Math.max(0, Math.floor((wallMs - SECOND_ZERO_MS) / 1_000)));
  return BigInt.asUintN(Number(SECOND_BITS), seconds);
}

/** More starts than a gateway has had that starts less than once a minute. */
function minutesSinceZero(wallMs: number): number {
  const minutes = Math.floor((wallMs - SECOND_ZERO_MS) / 60_000);
  return Math.min(LOST_FLOOR_MAX, Math.max(0, minutes));
}
