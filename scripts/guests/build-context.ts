import type { WitContract } from '../wit/model.ts';
import type { WitSource } from '../wit/sources-io.ts';
import type { GuestCache } from './cache-io.ts';

/** What every guest's build needs to know. */
export interface GuestBuild {
  /** The project's folder. */
  readonly project: string;
  readonly sources: readonly WitSource[];
  readonly contract: WitContract;
  readonly cache: GuestCache;
  /** What else decides the bytes: the contract's text and the tools' versions. */
  readonly context: readonly string[];
}
