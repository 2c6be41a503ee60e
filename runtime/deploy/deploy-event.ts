import type { Release } from '../manifest/release.ts';
import type { SlotName } from './slot-record.ts';
import type { RecordDamage } from './slot-store.ts';

/** Why a release is started. */
export type ReleaseStart = 'cold' | 'update' | 'rollback';

/** What the deployer reports as it happens. */
export type DeployEvent =
  | ({ readonly kind: 'record-damaged' } & RecordDamage)
  | { readonly kind: 'record-unsaved'; readonly cause: string }
  | { readonly kind: 'installing'; readonly release: Release; readonly slot: SlotName }
  | { readonly kind: 'started'; readonly release: Release; readonly reason: ReleaseStart }
  | { readonly kind: 'committed'; readonly release: Release; readonly slot: SlotName }
  | { readonly kind: 'refused'; readonly error: unknown }
  /** `release` is NAME@VERSION. */
  | { readonly kind: 'trial-failed'; readonly release: string; readonly cause: string }
  | { readonly kind: 'rolled-back'; readonly release: Release; readonly cause: string }
  | { readonly kind: 'stranded'; readonly cause: string };
