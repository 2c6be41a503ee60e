import { GatewayError } from '../../runtime/base/errors.ts';

/** Codes of GuestBuildError. */
export type GuestBuildErrorCode =
  | 'GUEST_UNKNOWN'
  | 'GUEST_SOURCE'
  | 'GUEST_LOCKED'
  | 'GUEST_TOOL_MISSING'
  | 'GUEST_COMPILE_FAILED'
  | 'GUEST_COMPONENT_FAILED';

/** A guest could not be built. The message holds the compiler's own words. */
export class GuestBuildError extends GatewayError<GuestBuildErrorCode> {}
