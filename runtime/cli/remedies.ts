/** What helps against errors that come from below the command line, by code. */
const REMEDIES: Readonly<Record<string, string>> = {
  ENVELOPE_TOO_LARGE: 'sign smaller components: strip debug sections, use fewer controllers',
  ENVELOPE_MALFORMED: 'copy the file again; it must come from airssys-wasm sign, whole',
  ENVELOPE_MEMBER: 'sign it with airssys-wasm sign',
  ENVELOPE_DIGEST: 'copy the file again; if that does not help, do not trust its source',
  SIGNATURE_MISSING: 'airssys-wasm sign RELEASE.toml --key FILE --out FILE',
  SIGNATURE_ALGORITHM: 'sign it again with airssys-wasm sign',
  SIGNATURE_UNKNOWN_KEY:
    'a key of a vendor you trust goes into the next root: airssys-wasm root rotate, root sign, ' +
    'then trust update on the gateway',
  SIGNATURE_WRONG_ROLE: 'sign with a key of a release role: airssys-wasm root show FILE',
  SIGNATURE_THRESHOLD: 'sign with the missing keys: airssys-wasm sign ... --key A --key B',
  SIGNATURE_CRITICAL: 'sign it again with airssys-wasm sign',
  SIGNATURE_INVALID: 'copy the file again; if that does not help, do not trust its source',
  MANIFEST_ROLE_PATH: 'have a key of a role sign that covers it: airssys-wasm root show FILE',
  MANIFEST_ROLE_CEILING: 'ask for less in release.toml, or have a root widen the ceiling',
  MANIFEST_GRANT: 'correct the grant in release.toml and sign again',
  MANIFEST_COMMAND: 'sign it with airssys-wasm sign',
  MANIFEST_MEMBER: 'sign it with airssys-wasm sign',
  PAYLOAD_MISSING: 'sign again, with all components',
  PAYLOAD_DIGEST: 'copy the file again; if that does not help, do not trust its source',
  PAYLOAD_NOT_COMPONENT: 'wrap the core module as a component, then sign again',
  POLICY_RUNTIME_TOO_OLD: 'update airssys-wasm on the gateway first',
  POLICY_EXPIRED:
    'sign the release again with a later use-before, or ask its vendor for a newer one',
  POLICY_UNSUPPORTED: 'leave it out of release.toml and sign again, or update airssys-wasm',
  POLICY_BOARD: 'install the release that was made for this board',
  CONTROL_TIMED_OUT: 'wait longer: --timeout 60s; see what the daemon does: airssys-wasm logs',
  CONTROL_LOST: 'airssys-wasm status; if the daemon is gone: airssys-wasm gatewayd --config FILE',
  CONTROL_VERSION: 'use the airssys-wasm that was installed with the daemon',
  CONTROL_BUSY: 'wait until the other command is done, then try again',
  CONTROL_NOT_FOUND: 'airssys-wasm list',
  CONTROL_NOT_SIMULATED: 'only inputs of the simulated board can be driven',
  DEPLOY_TRIAL_FAILED: 'airssys-wasm why',
  DEPLOY_ROLLBACK_FAILED: 'airssys-wasm why; then install a release that is known to work',
  DEPLOY_NOTHING_TO_ROLL_BACK: 'airssys-wasm slots shows what there is',
  DEPLOY_DOWNGRADE: 'sign the release again with a higher sequence',
  DEPLOY_SEQUENCE_REUSED: 'sign the release again with a higher sequence',
  DEPLOY_KNOWN_BAD: 'airssys-wasm why; then sign a corrected release',
  DEPLOY_TOKEN: 'have the holder of a recovery key make another: airssys-wasm trust token',
  DEPLOY_BUSY: 'wait until the other change is done: airssys-wasm slots',
  DEPLOY_DISK_FULL: 'make room on the disk that holds /var/lib/airssys',
  HOST_WALLS_MISSING:
    'airssys-wasm status --walls says what is in the way; put it right (apt-get install ' +
    'bubblewrap, component-host.uid) or demand less in [walls] of gateway.toml',
  TRUST_EXPIRED: 'airssys-wasm root rotate, root sign, then trust update on the gateway',
  TRUST_DAMAGED: 'airssys-wasm trust update FILE, with the root that is named',
  SIGNATURE_REVOKED: 'have the release signed anew by a key that is trusted',
  TRUST_REVOCATIONS_VERSION: 'make the next one: airssys-wasm trust revoke --after LIST',
  TRUST_ROOT_VERSION: 'give the roots one after the other: airssys-wasm root show FILE',
  KEY_MALFORMED: 'airssys-wasm keygen --out FILE makes a key',
  KEY_WEAK: 'airssys-wasm keygen --out FILE makes a sound key',
};

/** Returns what would help against an error code, or null. */
export function remedyOf(code: string): string | null {
  return REMEDIES[code] ?? null;
}
