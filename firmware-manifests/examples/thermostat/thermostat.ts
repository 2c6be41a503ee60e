/**
 * The thermostat's decisions, without input or output. Times are monotonic milliseconds,
 * temperatures degrees Celsius.
 *
 * Invariants: a heater without a fresh reading is off, whatever the minimum times say; otherwise it
 * switches only after the minimum time in its present state, and only beyond the hysteresis.
 */

/** What does not change while the controller runs. */
export interface Settings {
  readonly hysteresis: number;
  readonly minOnMs: number;
  readonly minOffMs: number;
  /** A reading older than this counts as none. */
  readonly staleAfterMs: number;
  readonly setpointMin: number;
  readonly setpointMax: number;
}

/** What the controller knows. */
export interface State {
  readonly setpoint: number;
  readonly heater: boolean;
  readonly switchedAtMs: number;
  /** The last reading, or null before the first. */
  readonly reading: { readonly temperature: number; readonly atMs: number } | null;
  readonly badLines: number;
}

/** Returns the state of a controller that starts now: heater off, as if just switched. */
export function initialState(setpoint: number, nowMs: number): State {
  return { setpoint, heater: false, switchedAtMs: nowMs, reading: null, badLines: 0 };
}

/** Returns the state after a line of the meter; a line that is no reading is counted. */
export function withLine(state: State, line: string, nowMs: number): State {
  const temperature = parseReading(line);
  return temperature === null
    ? { ...state, badLines: state.badLines + 1 }
    : { ...state, reading: { temperature, atMs: nowMs } };
}

/** Returns the state with the heater as it should be now. Unchanged: the same object. */
export function decided(state: State, settings: Settings, nowMs: number): State {
  const heater = wantedHeater(state, settings, nowMs);
  return heater === state.heater ? state : { ...state, heater, switchedAtMs: nowMs };
}

/** Returns the temperature, or null without a fresh reading. */
export function freshTemperature(state: State, settings: Settings, nowMs: number): number | null {
  const { reading } = state;
  if (reading === null || nowMs - reading.atMs > settings.staleAfterMs) return null;
  return reading.temperature;
}

const TEMPERATURE_MIN = -60;
const TEMPERATURE_MAX = 125;

/** Returns the temperature of a line `T=20.41`, or null. Noise is not repaired. */
export function parseReading(line: string): number | null {
  const match = /^T=(-?\d{1,3}(?:\.\d{1,3})?)\r?$/.exec(line);
  if (match === null) return null;
  const temperature = Number(match[1]);
  const isPlausible = temperature >= TEMPERATURE_MIN && temperature <= TEMPERATURE_MAX;
  return isPlausible ? temperature : null;
}

/** Returns the set-point of a payload `21.5` or `{"setpoint": 21.5}` within the bounds, or null. */
export function parseSetpoint(json: unknown, settings: Settings): number | null {
  const isObject = typeof json === 'object' && json !== null && 'setpoint' in json;
  const value = isObject ? json.setpoint : json;
  if (typeof value !== 'number') return null;
  return value >= settings.setpointMin && value <= settings.setpointMax ? value : null;
}

function wantedHeater(state: State, settings: Settings, nowMs: number): boolean {
  const temperature = freshTemperature(state, settings, nowMs);
  if (temperature === null) return false;
  const elapsedMs = nowMs - state.switchedAtMs;
  if (elapsedMs < (state.heater ? settings.minOnMs : settings.minOffMs)) return state.heater;
  const half = settings.hysteresis / 2;
  if (temperature < state.setpoint - half) return true;
  if (temperature > state.setpoint + half) return false;
  return state.heater;
}
