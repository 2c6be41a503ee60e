import type { EdgeEvent, GpioPort, LineState, Subscription } from '../../runtime/ports/gpio.ts';
import { GpioError } from '../../runtime/ports/gpio.ts';
import type { GpioGrant, Grant, SafeValue } from '../grammar/index.ts';
import { globMatches, isLabel } from '../grammar/index.ts';
import type { GuardContext, HeldGrant } from './guard-context.ts';
import type { GuardedAction, Refusal } from './pipeline.ts';
import { decide, guarded, refuse } from './pipeline.ts';
import type { Cost } from './quota-ledger.ts';

/** The longest pulse. */
export const PULSE_MS_MAX = 60_000;

/** A GpioPort that refuses what is not granted, with pulses. */
export interface GuardedGpio extends GpioPort {
  /**
   * Drives an output, and back after `durationMs` (1 to PULSE_MS_MAX), unless it was written in
   * between. At the end of the instance the way back is taken at once.
   */
  pulse(label: string, state: LineState, durationMs: number): void;
}

/** Returns the driver behind the guard of one instance. */
export function guardGpio(driver: GpioPort, context: GuardContext): GuardedGpio {
  const pulses = new Map<string, Subscription | null>();
  const write = (label: string, state: LineState, pulseMs: number | null) => {
    const action = gpioWrite(context, label, state, pulseMs);
    requireMode(context, action, label, 'out');
    const number = guarded(context, action, () => {
      requireFree(context, label);
      driver.write(label, state);
      return context.gateway.lines.wrote(label, state, now(context));
    });
    // Overtaken by this write, the older pulse has no way back any more.
    pulses.get(label)?.stop();
    pulses.delete(label);
    return number;
  };
  return {
    read: label => guarded(context, gpioRead(context, label), () => driver.read(label)),
    write: (label, state) => void write(label, state, null),
    pulse: (label, state, durationMs) => {
      const number = write(label, state, durationMs);
      const to = opposite(state);
      pulses.set(label, scheduleWayBack({ driver, context, label, to, number, durationMs }));
    },
    watch: (label, onEdge) => watch(driver, context, label, onEdge),
  };
}

/** Returns the grant that lets a controller use a line, or null when none would help. */
export function wantedGpio(context: GuardContext, label: string, dir: 'in' | 'out'): Grant | null {
  const line = context.gateway.board.lines.find(candidate => candidate.label === label);
  if (line === undefined || line.reserved || line.direction !== dir || !isLabel(label)) return null;
  return {
    class: 'gpio',
    label,
    dir,
    edges: dir === 'in' ? 'both' : 'none',
    safe: dir === 'out' ? line.safe : null,
    maxToggle: null,
    minOnMs: 0,
    minOffMs: 0,
    exclusive: false,
  };
}

interface WayBack {
  readonly driver: GpioPort;
  readonly context: GuardContext;
  readonly label: string;
  readonly to: LineState;
  /** The number of the write that began the pulse. */
  readonly number: number;
  readonly durationMs: number;
}

/** The way back was paid for and allowed with the way there; it asks nobody again. */
function scheduleWayBack({ driver, context, label, to, number, durationMs }: WayBack) {
  const { clock, lines } = context.gateway;
  const back = () => {
    if (lines.lastWrite(label) !== number) return;
    let reason = 'end of a pulse';
    try {
      driver.write(label, to);
      lines.wrote(label, to, now(context));
    } catch (error) {
      reason = `end of a pulse failed: ${error instanceof Error ? error.message : String(error)}`;
    }
    const record = { action: 'gpio.write', resource: label, grant: null, reason } as const;
    context.record({ ...record, decision: 'event' });
  };
  const timer = clock.after(durationMs, () => open?.stop());
  const open = context.open.add(() => {
    timer.cancel();
    back();
  });
  return open;
}

function watch(
  driver: GpioPort,
  context: GuardContext,
  label: string,
  onEdge: (event: EdgeEvent) => void,
): Subscription {
  const action = gpioWatch(context, label);
  return guarded(context, action, () => {
    const wanted = edgesGranted(context, action);
    let withheld = 0n;
    const inner = driver.watch(label, event => {
      if (context.closed) return;
      // What the grant leaves out is not a gap: sequence numbers stay without holes.
      if (wanted.has(event.edge)) onEdge({ ...event, sequence: event.sequence - withheld });
      else withheld += 1n;
    });
    const open = context.open.add(() => inner.stop());
    if (open !== null) return open;
    throw new GpioError('GPIO_QUOTA', 'too many subscriptions are open');
  });
}

function edgesGranted(context: GuardContext, action: GuardedAction): ReadonlySet<string> {
  const decision = decide(context, action);
  const edges = decision.allowed
    ? decision.by.map(({ grant }) => (grant.class === 'gpio' ? grant.edges : 'none'))
    : [];
  return new Set(edges.flatMap(edge => (edge === 'both' ? ['rising', 'falling'] : [edge])));
}

function gpioRead(context: GuardContext, label: string): GuardedAction {
  return {
    ...gpioAction(context, 'gpio.read', label),
    covers: grant => grant.class === 'gpio' && globMatches(grant.label, label),
    wanted: () => wantedGpio(context, label, directionOf(context, label) ?? 'in'),
    terms: () => [],
  };
}

function gpioWatch(context: GuardContext, label: string): GuardedAction {
  return {
    ...gpioAction(context, 'gpio.watch', label),
    covers: grant =>
      grant.class === 'gpio' &&
      grant.dir === 'in' &&
      grant.edges !== 'none' &&
      globMatches(grant.label, label),
    wanted: () => wantedGpio(context, label, 'in'),
    terms: () => [],
  };
}

function gpioWrite(
  context: GuardContext,
  label: string,
  state: LineState,
  pulseMs: number | null,
): GuardedAction {
  return {
    ...gpioAction(context, 'gpio.write', label),
    covers: grant =>
      grant.class === 'gpio' && grant.dir === 'out' && globMatches(grant.label, label),
    wanted: () => wantedGpio(context, label, 'out'),
    // A pulse is away from the safe value at its beginning or at its end.
    isUnsafe: held => pulseMs !== null || state !== safeValueOf(context, label, held),
    terms: held =>
      held.grant.class === 'gpio'
        ? writeTerms({ context, label, state, pulseMs, held, grant: held.grant })
        : [],
  };
}

/** The value that the line is left at when nobody is in charge. */
function safeValueOf(context: GuardContext, label: string, { grant }: HeldGrant): SafeValue | null {
  const own = grant.class === 'gpio' ? grant.safe : null;
  return own ?? context.gateway.board.lines.find(line => line.label === label)?.safe ?? null;
}

function writeTerms(parts: {
  readonly context: GuardContext;
  readonly label: string;
  readonly state: LineState;
  readonly pulseMs: number | null;
  readonly held: HeldGrant;
  readonly grant: GpioGrant;
}): Refusal | readonly Cost[] {
  const { context, label, state, pulseMs, held, grant } = parts;
  const { lines, quotas } = context.gateway;
  const stayMs = state === 'active' ? grant.minOnMs : grant.minOffMs;
  if (pulseMs !== null && !(pulseMs >= 1 && pulseMs <= PULSE_MS_MAX)) {
    const message = `a pulse lasts 1 to ${PULSE_MS_MAX} ms, not ${pulseMs}`;
    return { kind: 'quota', message };
  }
  if (pulseMs !== null && pulseMs < stayMs) {
    const message = `a pulse of ${pulseMs} ms is shorter than the grant's minimum of ${stayMs} ms`;
    return { kind: 'quota', message };
  }
  const retryMs = lines.remainingMs(label, state, grant, now(context));
  if (retryMs > 0) {
    const message = `"${label}" must stay as it is; retry after ${retryMs} ms`;
    return { kind: 'rate', message, retryMs };
  }
  const changes = lines.changes(label, state);
  // A change to the safe value is never refused for its rate; it delays the next one instead.
  const force = changes && pulseMs === null && state === grant.safe;
  const amount = pulseMs === null ? 1 : 2;
  const ceilings = quotas.ceilingCosts('gpio.write', context.controller.name, amount);
  const costs = ceilings.map(cost => ({ ...cost, force }));
  const toggles = (changes ? 1 : 0) + (pulseMs === null ? 0 : 1);
  if (grant.maxToggle === null || toggles === 0) return costs;
  const key = `${held.quotaKey} ${label}`;
  return [...costs, { key, rate: grant.maxToggle, amount: toggles, force }];
}

function gpioAction(
  context: GuardContext,
  action: string,
  label: string,
): Pick<GuardedAction, 'action' | 'resource' | 'variant' | 'forbidden' | 'refuse'> {
  return {
    action,
    resource: label,
    variant: '',
    forbidden: () =>
      context.gateway.board.lines.some(line => line.label === label && line.reserved)
        ? 'the board reserves the line for the gateway'
        : null,
    refuse: toGpioError,
  };
}

/** Tells a granted input from an output: a grant for writing it would not help. */
function requireMode(
  context: GuardContext,
  action: GuardedAction,
  label: string,
  dir: 'in' | 'out',
): void {
  const actual = directionOf(context, label);
  if (actual === undefined || actual === dir || context.closed) return;
  if (!decide(context, gpioRead(context, label)).allowed) return;
  const message = `line "${label}" is dir=${actual} on this board`;
  refuse(context, action, { kind: 'denied', message });
  throw new GpioError('GPIO_MODE', message);
}

function requireFree(context: GuardContext, label: string): void {
  const owner = context.gateway.lines.ownerOf(label);
  if (owner === null || owner === context.controller.name) return;
  throw new GpioError('GPIO_IN_USE', `line "${label}" belongs to controller "${owner}" alone`);
}

function directionOf(context: GuardContext, label: string): 'in' | 'out' | undefined {
  return context.gateway.board.lines.find(line => line.label === label)?.direction;
}

function toGpioError(refusal: Refusal): GpioError {
  switch (refusal.kind) {
    case 'denied':
      return new GpioError('GPIO_DENIED', refusal.message);
    case 'quota':
      return new GpioError('GPIO_QUOTA', refusal.message);
    case 'unrecorded':
      return new GpioError('GPIO_NOT_READY', refusal.message);
    case 'rate':
      return new GpioError('GPIO_RATE', refusal.message, { retryMs: refusal.retryMs });
  }
}

function opposite(state: LineState): LineState {
  return state === 'active' ? 'inactive' : 'active';
}

function now(context: GuardContext): number {
  return context.gateway.clock.monotonicMs();
}
