import { errorMessage } from '../base/errors.ts';
import type { Files } from '../ports/files.ts';
import { GatewayStartError } from './errors.ts';

/** The folders of a gateway's state, and the numbers that must never come twice. */
export interface StateFolder {
  readonly slots: string;
  readonly releases: string;
  readonly staged: string;
  readonly audit: string;
  /** Path of the key-value database. */
  readonly keyvalueFile: string;
  /** Counts the starts of this gateway since its state was created; 1 for the first. */
  readonly boot: number;
  /** Returns a number for the next instance of a controller: rising, never given twice. */
  readonly nextInstance: (controller: string) => bigint;
}

const BOOT_BYTES_MAX = 32;
/** Instances of one controller in one boot. */
const INSTANCE_BITS = 32n;

/**
 * Opens the state folder and counts this start, durably, before anything else happens.
 * Rejects with GatewayStartError `GATEWAY_STATE_DIRECTORY`.
 */
export async function openStateFolder(files: Files, root: string): Promise<StateFolder> {
  try {
    const folders = {
      slots: `${root}/slots`,
      releases: `${root}/releases`,
      staged: `${root}/staged`,
      audit: `${root}/audit`,
    };
    for (const folder of Object.values(folders)) await files.makeFolder(folder);
    const boot = await countBoot(files, root);
    const counts = new Map<string, bigint>();
    return {
      ...folders,
      keyvalueFile: `${root}/keyvalue.db`,
      boot,
      nextInstance: controller => {
        const next = (counts.get(controller) ?? 0n) + 1n;
        counts.set(controller, next);
        return ((BigInt(boot) - 1n) << INSTANCE_BITS) + next;
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

/** Written beside and renamed, so that a cut leaves the old number or the new one. */
async function countBoot(files: Files, root: string): Promise<number> {
  const path = `${root}/boots`;
  const bytes = await files.read(path, BOOT_BYTES_MAX).catch(() => null);
  const before = Number(new TextDecoder().decode(bytes ?? new Uint8Array()));
  const boot = (Number.isSafeInteger(before) && before > 0 ? before : 0) + 1;
  await files.write(`${path}.new`, new TextEncoder().encode(`${boot}\n`));
  await files.sync(`${path}.new`);
  await files.rename(`${path}.new`, path);
  await files.syncFolder(root);
  return boot;
}
