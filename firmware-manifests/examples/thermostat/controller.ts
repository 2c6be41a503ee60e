import {
  attempt,
  clock,
  config,
  defineController,
  gpio,
  log,
  mqtt,
  Store,
  timers,
} from '../../../wit/sdk/index.ts';
import {
  decided,
  freshTemperature,
  initialState,
  parseSetpoint,
  type Settings,
  type State,
  withLine,
} from './thermostat.ts';

const RELAY = 'heater';
const SETPOINT_TOPIC = 'site/setpoint';
const CRASH_TOPIC = 'site/thermostat/crash';
const TELEMETRY_TOPIC = 'site/telemetry/thermostat';
const SETPOINT_KEY = 'setpoint';
const DECISION_INTERVAL_MS = 500;

/** What one instance holds. It exists from `start` on. */
interface Running {
  readonly settings: Settings;
  readonly connection: string;
  readonly startedMs: number;
  state: State;
  /** Why the set-point is not durable, or null. */
  storageProblem: string | null;
}

let running: Running | null = null;

/** Keeps a room at the set-point with one relay. */
export const controller = defineController({
  start(context) {
    const settings: Settings = {
      hysteresis: config.number('hysteresis', { fallback: 0.5, min: 0, max: 10 }),
      minOnMs: config.number('min-on-ms', { fallback: 60_000, min: 0 }),
      minOffMs: config.number('min-off-ms', { fallback: 60_000, min: 0 }),
      staleAfterMs: config.number('stale-after-ms', { fallback: 30_000, min: 1_000 }),
      setpointMin: config.number('setpoint-min', { fallback: 5 }),
      setpointMax: config.number('setpoint-max', { fallback: 30 }),
    };
    const stored = attempt(() => new Store('thermostat').getJson(SETPOINT_KEY));
    const fallback = config.number('setpoint', { fallback: 21 });
    const kept = stored.ok ? parseSetpoint(stored.value, settings) : null;
    const nowMs = clock.monotonicMs();
    running = {
      settings,
      connection: config.text('connection', 'main'),
      startedMs: nowMs,
      state: initialState(kept ?? fallback, nowMs),
      storageProblem: stored.ok ? null : stored.error.message,
    };
    gpio.write(RELAY, 'inactive');
    timers.every('decide', DECISION_INTERVAL_MS, () => step(running));
    const intervalMs = config.number('telemetry-interval-ms', { fallback: 10_000, min: 100 });
    timers.every('telemetry', intervalMs, () => publish(running));
    const origin = kept === null ? 'from the configuration' : 'kept from before';
    log.info(`${context.reason} start, set-point ${running.state.setpoint} (${origin})`);
  },

  stop() {
    gpio.write(RELAY, 'inactive');
  },

  health() {
    if (running === null) return { unhealthy: 'not started' };
    const { state, settings, storageProblem, startedMs } = running;
    const nowMs = clock.monotonicMs();
    // The first reading may take its time; until then the heater is off, which is no fault yet.
    const isSettled = state.reading !== null || nowMs - startedMs >= settings.staleAfterMs;
    if (isSettled && freshTemperature(state, settings, nowMs) === null) {
      return { degraded: `no reading for ${settings.staleAfterMs} ms; the heater is off` };
    }
    return storageProblem === null
      ? 'healthy'
      : { degraded: `the set-point does not survive a restart: ${storageProblem}` };
  },

  onFrame(frame) {
    if (running === null) return;
    const { reading } = running.state;
    running.state = withLine(running.state, frame.text(), clock.monotonicMs());
    step(running);
    // Who just installed it wants to see that it hears the meter.
    if (reading === null && running.state.reading !== null) publish(running);
  },

  onMessage(message) {
    if (running === null) return;
    if (message.topic === SETPOINT_TOPIC) changeSetpoint(running, message.json());
    // For demonstrations: shows how an instance ends and comes back. Grant it nowhere else.
    if (message.topic === CRASH_TOPIC) throw new Error('crashed on purpose');
  },
});

/** Decides, and acts where the decision changed. */
function step(instance: Running | null): void {
  if (instance === null) return;
  const next = decided(instance.state, instance.settings, clock.monotonicMs());
  if (next === instance.state) return;
  gpio.write(RELAY, next.heater);
  instance.state = next;
  log.info(`heater ${next.heater ? 'on' : 'off'} at ${next.reading?.temperature ?? 'no reading'}`);
  publish(instance);
}

function changeSetpoint(instance: Running, json: unknown): void {
  const setpoint = parseSetpoint(json, instance.settings);
  if (setpoint === null) {
    log.warn('a set-point was ignored: not a number, or out of bounds');
    return;
  }
  instance.state = { ...instance.state, setpoint };
  const stored = attempt(() => new Store('thermostat').setJson(SETPOINT_KEY, setpoint));
  instance.storageProblem = stored.ok ? null : stored.error.message;
  log.info(`set-point ${setpoint}`);
  step(instance);
}

/** Telemetry is worth no restart: a refusal is logged and forgotten. */
function publish(instance: Running | null): void {
  if (instance === null) return;
  const { state, settings, connection, startedMs } = instance;
  const nowMs = clock.monotonicMs();
  const sent = attempt(() =>
    mqtt.publishJson(
      TELEMETRY_TOPIC,
      {
        temperature: freshTemperature(state, settings, nowMs),
        setpoint: state.setpoint,
        heater: state.heater,
        uptimeS: Math.round((nowMs - startedMs) / 1_000),
        badLines: state.badLines,
      },
      { connection, qos: 'at-most-once' },
    ),
  );
  if (!sent.ok) log.warn(sent.error.message);
}
