import {
  type BoardFacts,
  type ControllerLimits,
  effectiveGrants,
  GrammarError,
  type Grant,
  type GrantClass,
  limitsOf,
  parseGrant,
} from '../../capabilities/grammar/index.ts';
import type { ComponentShape } from '../base/value-type.ts';
import { PAGE_BYTES } from '../linker/limits.ts';
import { type ControllerSpec, ownMemoryBytes, type Release } from '../manifest/release.ts';
import { AdmissionError } from './errors.ts';
import { requireRuntimeFit } from './runtime-fit.ts';

/**
 * Whether this gateway admits a release, and with which rights: the policy layer of verification.
 * Pure. `effective = signed request ∩ policy ∩ board`.
 */
export interface AdmissionRules {
  readonly runtimeVersion: string;
  /** Whose gateway this is and of which kind; null admits no new release. */
  readonly gatewayClass: GatewayClass | null;
  readonly board: BoardFacts;
  /** The kind of board, as releases name it. */
  readonly boardClass: string;
  /** Grants by controller name; a name that is missing has none. */
  readonly policy: ReadonlyMap<string, readonly Grant[]>;
  readonly controllersMax: number;
  readonly memoryBytesMax: number;
  readonly callDeadlineMsMax: number;
}

/** A kind of gateway, as SUIT's vendor and class identifiers name it. */
export interface GatewayClass {
  readonly vendor: string;
  readonly name: string;
}

/** A controller with the rights it has here. */
export interface AdmittedController {
  readonly spec: ControllerSpec;
  readonly grants: readonly Grant[];
  readonly limits: ControllerLimits;
  /** What of the memory is left to the controller's own component, parts subtracted. */
  readonly ownMemoryBytesMax: number;
  /** Requests that are not or not fully met, in words that end with the line that would fix it. */
  readonly unmet: readonly string[];
}

/**
 * Returns every controller's rights. With `fresh`, a mandatory request that is not fully met
 * refuses the release; a release that was admitted before starts with what is left to it, as long
 * as that is a deadline, and memory for its components.
 * @throws AdmissionError
 */
export function admitRelease(
  release: Release,
  rules: AdmissionRules,
  fresh: boolean,
): readonly AdmittedController[] {
  requireRuntimeFit(release, rules.runtimeVersion);
  if (fresh) requireClass(release, rules.gatewayClass);
  if (fresh) requireBoard(release, rules.boardClass);
  if (release.controllers.length > rules.controllersMax) {
    throw new AdmissionError(
      'POLICY_CONTROLLERS',
      `${release.controllers.length} controllers, and this gateway allows ` +
        `${rules.controllersMax} (limits.controllers-max)`,
    );
  }
  const admitted = release.controllers.map(spec => admitController(spec, rules, fresh));
  const memoryBytes = admitted.reduce((sum, one) => sum + one.limits.memoryBytesMax, 0);
  if (memoryBytes > rules.memoryBytesMax) {
    throw new AdmissionError(
      'POLICY_LIMIT',
      `the controllers ask for ${memoryBytes} bytes of memory together, and this gateway allows ` +
        `${rules.memoryBytesMax} (limits.memory-bytes-max)`,
    );
  }
  return admitted;
}

/** A release for another kind of gateway can be correctly signed, and do harm here. */
function requireClass({ name, version, vendor, gatewayClass }: Release, own: GatewayClass | null) {
  if (own?.vendor === vendor && own.name === gatewayClass) return;
  const here = own === null ? 'this gateway names none' : `this is ${own.vendor} "${own.name}"`;
  throw new AdmissionError(
    'POLICY_CLASS',
    `${name} ${version} is for gateways of ${vendor} "${gatewayClass}", and ${here} ` +
      '(vendor and class in gateway.toml)',
  );
}

/** Labels may be the same on another board, and lead to other things. */
function requireBoard({ name, version, boardClass }: Release, own: string): void {
  if (boardClass === undefined || boardClass === own) return;
  throw new AdmissionError(
    'POLICY_BOARD',
    `${name} ${version} is for boards of class "${boardClass}", and this is a "${own}" ` +
      '(class, or else name, in the board file)',
  );
}

function admitController(
  spec: ControllerSpec,
  rules: AdmissionRules,
  fresh: boolean,
): AdmittedController {
  const policy = rules.policy.get(spec.name) ?? [];
  const requests = spec.requests.map(request => parseGrant(request.grant));
  const { grants, outcomes } = effectiveGrants({ requests, policy, board: rules.board });
  const unmet: string[] = [];
  for (const [index, { outcome, reason, by }] of outcomes.entries()) {
    if (outcome === 'full') continue;
    const request = spec.requests[index];
    const words = `${spec.name}: ${request?.grant ?? ''} is ${outcome} by the ${by}: ${reason}`;
    if (fresh && request?.optional === false) throw new AdmissionError('POLICY_CAPABILITY', words);
    unmet.push(words);
  }
  const limits = requireLimits(spec, grants);
  if (limits.callDeadlineMs > rules.callDeadlineMsMax) {
    throw new AdmissionError(
      'POLICY_LIMIT',
      `${spec.name}: a call deadline of ${limits.callDeadlineMs} ms exceeds this gateway's ` +
        `${rules.callDeadlineMsMax} ms (limits.call-deadline-ms-max)`,
    );
  }
  const ownMemoryBytesMax = ownMemoryBytes(spec, limits.memoryBytesMax);
  if (ownMemoryBytesMax < PAGE_BYTES) {
    throw new AdmissionError(
      'POLICY_LIMIT',
      `${spec.name}: "mem:" grants ${limits.memoryBytesMax} bytes to all of it, and its parts ` +
        `take ${limits.memoryBytesMax - ownMemoryBytesMax}`,
    );
  }
  return { spec, grants, limits, ownMemoryBytesMax, unmet };
}

function requireLimits(spec: ControllerSpec, grants: readonly Grant[]): ControllerLimits {
  try {
    return limitsOf(grants);
  } catch (error) {
    if (!(error instanceof GrammarError)) throw error;
    throw new AdmissionError('POLICY_LIMIT', `${spec.name}: ${error.message}`, { cause: error });
  }
}

/** The class of grant that a contract interface needs; others need none. */
const GATED: ReadonlyMap<string, GrantClass> = new Map([
  ['airssys:gpio/digital', 'gpio'],
  ['airssys:serial/port', 'serial'],
  ['airssys:mqtt/publisher', 'mqtt'],
  ['airssys:timer/timers', 'time'],
  ['wasi:keyvalue/store', 'kv'],
]);

/**
 * Refuses a component that imports an interface whose class of capability its manifest does not
 * even ask for: what a person approved must not be less than what the code can reach for.
 * @throws AdmissionError `POLICY_IMPORT`
 */
export function requireImportsRequested(spec: ControllerSpec, shape: ComponentShape): void {
  const requested = new Set(spec.requests.map(request => parseGrant(request.grant).class));
  for (const { name } of shape.imports) {
    const gate = GATED.get(name.split('@')[0] ?? name);
    if (gate === undefined || requested.has(gate)) continue;
    throw new AdmissionError(
      'POLICY_IMPORT',
      `${spec.name} imports ${name}, but its manifest requests no "${gate}:" capability; ` +
        'request it in release.toml and sign again, or do not import it',
    );
  }
}
