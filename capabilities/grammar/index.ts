/** Grants: what controllers may do, as text and as values. Pure. Grammar: `parse.ts`. */
export {
  type BoardFacts,
  type EffectiveGrants,
  type EffectiveInput,
  effectiveGrants,
  type RequestOutcome,
  reduceGrants,
} from './effective.ts';
export { GrammarError, type GrammarErrorCode } from './errors.ts';
export {
  globCovers,
  globMatches,
  isCanonicalName,
  isLabel,
  isWritableSegment,
} from './glob.ts';
export type {
  Access,
  CpuGrant,
  Edges,
  GpioGrant,
  Grant,
  GrantClass,
  KvGrant,
  MemGrant,
  MqttGrant,
  SafeValue,
  SerialGrant,
  TimeGrant,
} from './grant.ts';
export { type ControllerLimits, limitsOf } from './limits.ts';
export { PAYLOAD_BYTES_MAX } from './mqtt.ts';
export { formatGrant, parseGrant } from './parse.ts';
export { intersect, subsumes } from './subsume.ts';
export { filterCovers, isWritableLevel } from './topic-filter.ts';
export type { Rate } from './units.ts';
