/** What a command's exit code means. Scripts rely on these; they never change. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  unhealthy: 3,
  notFound: 4,
  denied: 5,
  verificationFailed: 6,
  unreachable: 7,
  timedOut: 8,
  rolledBack: 9,
  rollbackFailed: 10,
  precondition: 11,
  interrupted: 130,
} as const;

/** One of the exit codes. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The codes with their meaning, for `help exit-codes`. */
export const EXIT_MEANINGS: readonly (readonly [code: ExitCode, meaning: string])[] = [
  [EXIT.ok, 'ok'],
  [EXIT.failed, 'failed'],
  [EXIT.usage, 'usage: the command line is wrong'],
  [EXIT.unhealthy, 'checked, and unhealthy'],
  [EXIT.notFound, 'not found'],
  [EXIT.denied, 'denied: permission or capability'],
  [EXIT.verificationFailed, 'verification failed'],
  [EXIT.unreachable, 'unreachable: daemon or broker'],
  [EXIT.timedOut, 'timed out'],
  [EXIT.rolledBack, 'rolled back: now on the old release'],
  [EXIT.rollbackFailed, 'rollback failed: needs hands'],
  [EXIT.precondition, 'precondition: disk, version, board, memory, existing file'],
  [EXIT.interrupted, 'interrupted'],
];

/** Error codes to exit codes; the first entry that fits counts. `*` stands for any ending. */
const BY_ERROR_CODE: readonly (readonly [code: string, exit: ExitCode])[] = [
  ['CLI_USAGE', EXIT.usage],
  ['CLI_NOT_FOUND', EXIT.notFound],
  ['CLI_DENIED', EXIT.denied],
  ['CLI_EXISTS', EXIT.precondition],
  ['CLI_DISK_FULL', EXIT.precondition],
  ['CLI_TIMED_OUT', EXIT.timedOut],
  ['CLI_UNREACHABLE', EXIT.unreachable],
  ['CONTROL_UNREACHABLE', EXIT.unreachable],
  ['CONTROL_LOST', EXIT.unreachable],
  ['CONTROL_DENIED', EXIT.denied],
  ['CONTROL_NOT_FOUND', EXIT.notFound],
  ['CONTROL_TIMED_OUT', EXIT.timedOut],
  ['CONTROL_NOT_SIMULATED', EXIT.precondition],
  ['CONTROL_BUSY', EXIT.precondition],
  ['CONTROL_VERSION', EXIT.precondition],
  ['DEPLOY_TRIAL_FAILED', EXIT.rolledBack],
  ['DEPLOY_ROLLBACK_FAILED', EXIT.rollbackFailed],
  ['DEPLOY_DOWNGRADE', EXIT.verificationFailed],
  ['DEPLOY_SEQUENCE_REUSED', EXIT.verificationFailed],
  ['DEPLOY_NOT_OWNER', EXIT.verificationFailed],
  ['DEPLOY_*', EXIT.precondition],
  ['COMPONENT_REFUSED', EXIT.verificationFailed],
  ['POLICY_RUNTIME_TOO_OLD', EXIT.precondition],
  ['POLICY_UNSUPPORTED', EXIT.precondition],
  ['POLICY_BOARD', EXIT.precondition],
  ['ENVELOPE_*', EXIT.verificationFailed],
  ['SIGNATURE_*', EXIT.verificationFailed],
  ['MANIFEST_*', EXIT.verificationFailed],
  ['PAYLOAD_*', EXIT.verificationFailed],
  ['POLICY_*', EXIT.verificationFailed],
];

/** Returns the exit code for the code of a GatewayError; 1 where nothing better is known. */
export function exitCodeOf(errorCode: string): ExitCode {
  const entry = BY_ERROR_CODE.find(([code]) =>
    code.endsWith('*') ? errorCode.startsWith(code.slice(0, -1)) : errorCode === code,
  );
  return entry?.[1] ?? EXIT.failed;
}
