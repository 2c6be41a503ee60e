/** A room with one heater, as the simplest model that still overshoots: air and a warm heater. */
export interface Room {
  readonly airCelsius: number;
  readonly heaterCelsius: number;
}

/** What the room is built of. */
export interface RoomSettings {
  readonly outsideCelsius: number;
  /** Where the heater's body ends up when it stays on. */
  readonly heaterCelsiusMax: number;
  /** Time constants: a step is 63 % done after this time. */
  readonly heaterLagMs: number;
  readonly heaterToAirMs: number;
  readonly airToOutsideMs: number;
}

/** A small, quick room: it warms by a few degrees within half a minute. */
export const DESK_ROOM: RoomSettings = {
  outsideCelsius: 5,
  heaterCelsiusMax: 120,
  heaterLagMs: 4_000,
  heaterToAirMs: 60_000,
  airToOutsideMs: 90_000,
};

/** Longest step of the integration; longer times are cut into such steps. */
const STEP_MS_MAX = 250;

/** Returns the room `elapsedMs` later, with the heater on or off all the while. */
export function nextRoom(
  room: Room,
  settings: RoomSettings,
  heating: boolean,
  elapsedMs: number,
): Room {
  let { airCelsius, heaterCelsius } = room;
  for (let leftMs = elapsedMs; leftMs > 0; leftMs -= STEP_MS_MAX) {
    const stepMs = Math.min(leftMs, STEP_MS_MAX);
    const target = heating ? settings.heaterCelsiusMax : airCelsius;
    heaterCelsius += ((target - heaterCelsius) * stepMs) / settings.heaterLagMs;
    airCelsius +=
      ((heaterCelsius - airCelsius) * stepMs) / settings.heaterToAirMs +
      ((settings.outsideCelsius - airCelsius) * stepMs) / settings.airToOutsideMs;
  }
  return { airCelsius, heaterCelsius };
}
