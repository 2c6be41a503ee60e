import { GatewayError } from '../base/errors.ts';

/** Codes of DeployError. */
export type DeployErrorCode =
  | 'DEPLOY_RECORD_DAMAGED'
  | 'DEPLOY_STORE_DAMAGED'
  | 'DEPLOY_NOT_STORED'
  | 'DEPLOY_DISK_FULL'
  | 'DEPLOY_IO'
  | 'DEPLOY_DOWNGRADE'
  | 'DEPLOY_SEQUENCE_REUSED'
  | 'DEPLOY_KNOWN_BAD'
  | 'DEPLOY_ALREADY_INSTALLED'
  | 'DEPLOY_NOT_OWNER'
  | 'DEPLOY_TOKEN'
  | 'DEPLOY_FLOORS_FULL'
  | 'DEPLOY_TRIAL_FAILED'
  | 'DEPLOY_ROLLBACK_FAILED'
  | 'DEPLOY_NOTHING_TO_ROLL_BACK'
  | 'DEPLOY_BUSY';

/** A release could not be installed, started or taken back. */
export class DeployError extends GatewayError<DeployErrorCode> {}

/** Codes of AdmissionError: the fifth layer of verification. */
export type AdmissionErrorCode =
  | 'POLICY_RUNTIME_TOO_OLD'
  | 'POLICY_UNSUPPORTED'
  | 'POLICY_CLASS'
  | 'POLICY_BOARD'
  | 'POLICY_CONTROLLERS'
  | 'POLICY_CAPABILITY'
  | 'POLICY_LIMIT'
  | 'POLICY_IMPORT';

/** A correctly signed release that this gateway does not admit. */
export class AdmissionError extends GatewayError<AdmissionErrorCode> {}
