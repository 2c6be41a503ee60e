import { GatewayError } from '../base/errors.ts';

/**
 * Codes of ReleaseError. The prefix is the layer of verification that refused; SIGNATURE_* comes
 * from runtime/signing, POLICY_* from whoever supplies the policy.
 */
export type ReleaseErrorCode =
  | 'ENVELOPE_TOO_LARGE'
  | 'ENVELOPE_MALFORMED'
  | 'ENVELOPE_MEMBER'
  | 'ENVELOPE_DIGEST'
  | 'MANIFEST_MALFORMED'
  | 'MANIFEST_VERSION'
  | 'MANIFEST_MEMBER'
  | 'MANIFEST_COMMAND'
  | 'MANIFEST_PARAMETER'
  | 'MANIFEST_INCOMPLETE'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_GRANT'
  | 'MANIFEST_ROLE_PATH'
  | 'MANIFEST_ROLE_CEILING'
  | 'PAYLOAD_MISSING'
  | 'PAYLOAD_UNKNOWN'
  | 'PAYLOAD_SIZE'
  | 'PAYLOAD_DIGEST'
  | 'PAYLOAD_MALFORMED'
  | 'PAYLOAD_NOT_COMPONENT'
  | 'POLICY_EXPIRED';

/** A release, or the file that carries one, is refused. */
export class ReleaseError extends GatewayError<ReleaseErrorCode> {}

/** Codes of ReleaseTomlError. */
export type ReleaseTomlErrorCode =
  | 'RELEASE_TOML_SYNTAX'
  | 'RELEASE_TOML_INVALID'
  | 'RELEASE_TOML_COMPONENT'
  | 'RELEASE_TOML_SBOM';

/** A `release.toml` that cannot become a release. The message begins with file and place. */
export class ReleaseTomlError extends GatewayError<ReleaseTomlErrorCode> {}
