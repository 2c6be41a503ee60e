import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  decided,
  freshTemperature,
  initialState,
  parseReading,
  parseSetpoint,
  type Settings,
  type State,
  withLine,
} from '../../firmware-manifests/examples/thermostat/thermostat.ts';

const thermostat = suite('examples/thermostat: decisions');

const SETTINGS: Settings = {
  hysteresis: 1,
  minOnMs: 2_000,
  minOffMs: 3_000,
  staleAfterMs: 10_000,
  setpointMin: 5,
  setpointMax: 30,
};

/** Reads `temperature` at `nowMs` and decides. */
const at = (state: State, temperature: number, nowMs: number): State =>
  decided(withLine(state, `T=${temperature}`, nowMs), SETTINGS, nowMs);

thermostat(
  'a cold room switches the heater on, once the minimum off time since the start is over',
  () => {
    const early = at(initialState(21, 0), 18, 2_999);
    assert.is(early.heater, false);
    const late = at(early, 18, 3_000);
    assert.is(late.heater, true);
    assert.is(late.switchedAtMs, 3_000);
  },
);

thermostat('within the hysteresis the heater stays as it is', () => {
  const off = at(initialState(21, 0), 20.6, 60_000);
  assert.is(off.heater, false);
  const on = at(at(off, 20.4, 61_000), 21.4, 70_000);
  assert.is(on.heater, true);
  assert.is(at(on, 21.6, 71_000).heater, false);
});

thermostat('a warm room keeps the heater on for its minimum time', () => {
  const on = at(initialState(21, 0), 18, 5_000);
  assert.is(at(on, 25, 6_999).heater, true);
  assert.is(at(on, 25, 7_000).heater, false);
});

thermostat('without a fresh reading the heater goes off at once', () => {
  const on = at(initialState(21, 0), 18, 5_000);
  const settings = { ...SETTINGS, minOnMs: 3_600_000 };
  assert.is(decided(on, settings, 15_000).heater, true);
  assert.is(decided(on, settings, 15_001).heater, false);
  assert.is(freshTemperature(on, SETTINGS, 15_000), 18);
  assert.is(freshTemperature(on, SETTINGS, 15_001), null);
});

thermostat('before the first reading the heater is off', () => {
  assert.is(decided(initialState(21, 0), SETTINGS, 60_000).heater, false);
});

thermostat('a line that is no reading is counted and changes nothing else', () => {
  const state = at(initialState(21, 0), 18, 5_000);
  for (const line of [
    '',
    'T=',
    'T=abc',
    'T=20.41x',
    ' T=20.41',
    'T=20,41',
    'T=1e3',
    'T=999',
    'T=-61',
  ]) {
    assert.is(parseReading(line), null, line);
    assert.equal(withLine(state, line, 6_000), { ...state, badLines: 1 }, line);
  }
});

thermostat('readings are lines T=20.41, with or without a carriage return', () => {
  assert.is(parseReading('T=20.41'), 20.41);
  assert.is(parseReading('T=-5'), -5);
  assert.is(parseReading('T=125.000\r'), 125);
});

thermostat('a set-point is a number or an object, within its bounds', () => {
  assert.is(parseSetpoint(21.5, SETTINGS), 21.5);
  assert.is(parseSetpoint({ setpoint: 5 }, SETTINGS), 5);
  const refused = [undefined, null, '21', Number.NaN, 4.9, 30.1, {}, { setpoint: '21' }, [21]];
  for (const value of refused) assert.is(parseSetpoint(value, SETTINGS), null, String(value));
});

thermostat.run();
