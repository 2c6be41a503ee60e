/**
 * The grammar of grants.
 *
 * ```
 * grant  := class ":" resource [ "[" attr { "," attr } "]" ]
 * attr   := name | name "=" value | name "<=" value | "<=" value | ">=" value
 *
 * gpio   : label glob           dir=in|out (mandatory)  exclusive
 *                         in:   edges=none|rising|falling|both (both)
 *                         out:  safe=inactive|hold|active (the board's)  max-toggle=RATE
 *                               min-on=DURATION  min-off=DURATION
 * serial : label                mode=r|w|rw (mandatory)  framing=line (line)  max-bytes=RATE
 * mqtt   : connection "/" filter   pub and/or sub (mandatory)  qos<=0|1 (1)
 *                               retain=yes|no (no)  max-payload=SIZE (64KiB)  rate=RATE
 *                               burst=COUNT (the count of the rate)
 * kv     : namespace "/" glob   r | w | rw (mandatory)  quota=SIZE (256KiB)  keys<=COUNT (500)
 * time   : "tick"               >=DURATION (1ms): the shortest interval or delay of a timer
 * mem    : SIZE, a multiple of 64KiB
 * cpu    : "call"               <=DURATION (mandatory, at most 1min): processor time of each call
 *
 * DURATION := COUNT ("ms" | "s" | "min" | "h")      SIZE := COUNT ("B" | "KiB" | "MiB" | "GiB")
 * RATE     := COUNT "/" ("s" | "min" | "h" | DURATION)
 * ```
 * In parentheses: what holds when the attribute is not given. A glob is segments between `/`, each
 * a name or `*` for any one name. A filter is MQTT's. Unknown classes and attributes are errors.
 *
 * Canonical text: no spaces, attributes sorted, defaults left out, the largest unit that divides a
 * value. `parseGrant(formatGrant(grant))` equals `grant`; equal grants have equal text.
 */
import { Attributes } from './attributes.ts';
import { GrammarError } from './errors.ts';
import { formatGpio, parseGpio } from './gpio.ts';
import type { Grant } from './grant.ts';
import { formatKv, parseKv } from './kv.ts';
import { parseCpu, parseMem, parseTime, TICK_INTERVAL_MIN_MS } from './limits.ts';
import { formatMqtt, parseMqtt } from './mqtt.ts';
import { formatSerial, parseSerial } from './serial.ts';
import { formatDuration, formatSize } from './units.ts';

/** Longest text of a grant, in characters. */
const GRANT_CHARS_MAX = 1_024;

/** Returns the grant that the text writes. @throws GrammarError, whose message quotes the text */
export function parseGrant(text: string): Grant {
  if (text.length > GRANT_CHARS_MAX) {
    throw new GrammarError('GRANT_TOO_LONG', `a grant has at most ${GRANT_CHARS_MAX} characters`);
  }
  try {
    return parseParts(text.trim());
  } catch (error) {
    if (!(error instanceof GrammarError)) throw error;
    throw new GrammarError(error.code, `grant "${text}": ${error.message}`, { cause: error });
  }
}

/** Returns the canonical text of a grant. */
export function formatGrant(grant: Grant): string {
  switch (grant.class) {
    case 'gpio':
      return formatGpio(grant);
    case 'serial':
      return formatSerial(grant);
    case 'mqtt':
      return formatMqtt(grant);
    case 'kv':
      return formatKv(grant);
    case 'time': {
      const ms = grant.intervalMinMs;
      return ms === TICK_INTERVAL_MIN_MS ? 'time:tick' : `time:tick[>=${formatDuration(ms)}]`;
    }
    case 'mem':
      return `mem:${formatSize(grant.bytesMax)}`;
    case 'cpu':
      return `cpu:call[<=${formatDuration(grant.callDeadlineMs)}]`;
  }
}

function parseParts(text: string): Grant {
  const match = /^([a-z0-9]+):([^[\]]+)(?:\[([^[\]]*)\])?$/.exec(text);
  if (match === null) {
    throw new GrammarError('GRANT_SYNTAX', 'write CLASS:RESOURCE[ATTRIBUTE,...]');
  }
  const [, grantClass = '', resource = '', list = ''] = match;
  const attributes = new Attributes(list);
  const grant = parseClass(grantClass, resource, attributes);
  attributes.finish(grantClass);
  return grant;
}

function parseClass(grantClass: string, resource: string, attributes: Attributes): Grant {
  switch (grantClass) {
    case 'gpio':
      return parseGpio(resource, attributes);
    case 'serial':
      return parseSerial(resource, attributes);
    case 'mqtt':
      return parseMqtt(resource, attributes);
    case 'kv':
      return parseKv(resource, attributes);
    case 'time':
      return parseTime(resource, attributes);
    case 'mem':
      return parseMem(resource);
    case 'cpu':
      return parseCpu(resource, attributes);
    default:
      throw new GrammarError(
        'GRANT_CLASS',
        `unknown class "${grantClass}": use gpio, serial, mqtt, kv, time, mem or cpu`,
      );
  }
}
