/**
 * The one comparison of grants. Enforcement, the effective set, update review and delegation all
 * ask it: `wide` subsumes `narrow` when everything `narrow` allows `wide` allows too.
 */
import { gpioIntersect, gpioSubsumes } from './gpio.ts';
import type { Grant } from './grant.ts';
import { kvIntersect, kvSubsumes } from './kv.ts';
import { mqttIntersect, mqttSubsumes } from './mqtt.ts';
import { serialIntersect, serialSubsumes } from './serial.ts';

/** Whether `wide` allows all that `narrow` allows. */
export function subsumes(wide: Grant, narrow: Grant): boolean {
  switch (wide.class) {
    case 'gpio':
      return narrow.class === 'gpio' && gpioSubsumes(wide, narrow);
    case 'serial':
      return narrow.class === 'serial' && serialSubsumes(wide, narrow);
    case 'mqtt':
      return narrow.class === 'mqtt' && mqttSubsumes(wide, narrow);
    case 'kv':
      return narrow.class === 'kv' && kvSubsumes(wide, narrow);
    case 'time':
      return narrow.class === 'time' && wide.intervalMinMs <= narrow.intervalMinMs;
    case 'mem':
      return narrow.class === 'mem' && wide.bytesMax >= narrow.bytesMax;
    case 'cpu':
      return narrow.class === 'cpu' && wide.callDeadlineMs >= narrow.callDeadlineMs;
  }
}

/** Returns the widest grant that both subsume, or null when they have nothing in common. */
export function intersect(a: Grant, b: Grant): Grant | null {
  switch (a.class) {
    case 'gpio':
      return b.class === 'gpio' ? gpioIntersect(a, b) : null;
    case 'serial':
      return b.class === 'serial' ? serialIntersect(a, b) : null;
    case 'mqtt':
      return b.class === 'mqtt' ? mqttIntersect(a, b) : null;
    case 'kv':
      return b.class === 'kv' ? kvIntersect(a, b) : null;
    case 'time':
      return b.class !== 'time' ? null : a.intervalMinMs >= b.intervalMinMs ? a : b;
    case 'mem':
      return b.class !== 'mem' ? null : a.bytesMax <= b.bytesMax ? a : b;
    case 'cpu':
      return b.class !== 'cpu' ? null : a.callDeadlineMs <= b.callDeadlineMs ? a : b;
  }
}
