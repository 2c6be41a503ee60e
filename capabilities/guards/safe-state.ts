/**
 * Safe state: what a controller's outputs are driven to when nobody is in charge of them. It goes
 * past the guards, straight to the driver: no quota, no grant and no audit failure may stop it.
 */
import { errorMessage } from '../../runtime/base/errors.ts';
import type { Audit } from '../../runtime/ports/audit.ts';
import type { Clock } from '../../runtime/ports/clock.ts';
import type { GpioPort, LineState } from '../../runtime/ports/gpio.ts';
import type { BoardFacts, Grant, SafeValue } from '../grammar/index.ts';
import { formatGrant, globMatches } from '../grammar/index.ts';
import type { LineRegistry } from './line-registry.ts';

/** An output with the value it is left at. */
export interface SafeOutput {
  readonly label: string;
  readonly safe: SafeValue;
  /** How long the line must have been inactive before it may be active, also here. */
  readonly minOffMs: number;
  /** The grant that names the line. */
  readonly grant: string;
}

/** What `applySafeState` uses. */
export interface SafeStateParts {
  readonly actor: string;
  readonly outputs: readonly SafeOutput[];
  readonly gpio: GpioPort;
  readonly lines: LineRegistry;
  readonly audit: Audit;
  readonly clock: Clock;
}

/** A line that could not be driven to its safe value. */
export interface SafeStateFailure {
  readonly label: string;
  readonly error: unknown;
}

/** Returns the outputs of the grants, one entry a line, globs expanded over the board. */
export function safeOutputs(grants: readonly Grant[], board: BoardFacts): readonly SafeOutput[] {
  const outputs = new Map<string, SafeOutput>();
  for (const grant of grants) {
    if (grant.class !== 'gpio' || grant.dir !== 'out') continue;
    for (const line of board.lines) {
      const isOurs = line.direction === 'out' && !line.reserved;
      if (!isOurs || !globMatches(grant.label, line.label)) continue;
      const minOffMs = Math.max(grant.minOffMs, outputs.get(line.label)?.minOffMs ?? 0);
      const safe = grant.safe ?? line.safe;
      outputs.set(line.label, { label: line.label, safe, minOffMs, grant: formatGrant(grant) });
    }
  }
  return [...outputs.values()];
}

/**
 * Drives every output to its safe value, all of them whatever fails; returns the failures. Doing
 * it twice is harmless. `min-off` holds here too: such a line follows when its time has come.
 */
export function applySafeState(parts: SafeStateParts): readonly SafeStateFailure[] {
  const failures: SafeStateFailure[] = [];
  for (const output of parts.outputs) {
    const { safe, label } = output;
    if (safe === 'hold') continue;
    const remainingMs = parts.lines.remainingMs(
      label,
      safe,
      { minOnMs: 0, minOffMs: output.minOffMs },
      parts.clock.monotonicMs(),
    );
    if (remainingMs === 0) {
      const failure = drive(parts, output, safe);
      if (failure !== null) failures.push(failure);
      continue;
    }
    const seen = parts.lines.lastWrite(label);
    parts.clock.after(remainingMs, () => {
      // Somebody is in charge again when the line was written meanwhile.
      if (parts.lines.lastWrite(label) === seen) drive(parts, output, safe);
    });
  }
  return failures;
}

function drive(
  { actor, gpio, lines, audit, clock }: SafeStateParts,
  { label, grant }: SafeOutput,
  state: LineState,
): SafeStateFailure | null {
  let failure: SafeStateFailure | null = null;
  let reason = `driven ${state}`;
  try {
    gpio.write(label, state);
    lines.wrote(label, state, clock.monotonicMs());
  } catch (error) {
    failure = { label, error };
    reason = `could not be driven ${state}: ${errorMessage(error)}`;
  }
  const action = 'gpio.safe-state';
  audit.record({ actor, action, resource: label, decision: 'event', grant, reason });
  return failure;
}
