import type { Clock, Timer } from '../../runtime/ports/clock.ts';
import type { Random } from '../../runtime/ports/random.ts';
import { DESK_ROOM, nextRoom, type Room, type RoomSettings } from './room.ts';

/** What a simulated temperature meter is made of. */
export interface MeterSettings {
  /** Where its bytes go: a pseudo-terminal, or `SimulatedSerial.feed`. */
  readonly send: (bytes: Uint8Array) => void;
  /** Whether the heater's relay is closed now. */
  readonly heating: () => boolean;
  readonly clock: Clock;
  readonly random: Random;
  /** 500 ms unless given. */
  readonly intervalMs?: number;
  /** 18.00 unless given. */
  readonly startCelsius?: number;
  readonly room?: RoomSettings;
  /** Largest measuring error either way; 0.03 unless given. */
  readonly errorCelsius?: number;
}

/** A running meter. */
export interface Meter {
  /** The room's true temperature at the last line sent. */
  readonly celsius: number;
  stop(): void;
}

/** Starts a meter that sends `T=20.41\r\n` at every interval. */
export function startMeter(settings: MeterSettings): Meter {
  const { clock, random, intervalMs = 500, startCelsius = 18, errorCelsius = 0.03 } = settings;
  let room: Room = { airCelsius: startCelsius, heaterCelsius: startCelsius };
  let lastMs = clock.monotonicMs();
  let timer: Timer;
  const measure = () => {
    const nowMs = clock.monotonicMs();
    room = nextRoom(room, settings.room ?? DESK_ROOM, settings.heating(), nowMs - lastMs);
    lastMs = nowMs;
    const error = (random.fraction() * 2 - 1) * errorCelsius;
    settings.send(new TextEncoder().encode(`T=${(room.airCelsius + error).toFixed(2)}\r\n`));
    timer = clock.after(intervalMs, measure);
  };
  timer = clock.after(intervalMs, measure);
  return {
    get celsius() {
      return room.airCelsius;
    },
    stop: () => timer.cancel(),
  };
}
