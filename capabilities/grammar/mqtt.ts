import { splitShare } from '../../runtime/base/mqtt-topic.ts';
import type { Attributes } from './attributes.ts';
import { formatAttributes } from './attributes.ts';
import { GrammarError } from './errors.ts';
import { isLabel } from './glob.ts';
import type { MqttGrant } from './grant.ts';
import { filterCovers, filterIntersect, parseTopicFilter } from './topic-filter.ts';
import type { Rate } from './units.ts';
import {
  formatRate,
  formatSize,
  parseCount,
  parseRate,
  parseSize,
  rateCovers,
  rateIntersect,
} from './units.ts';

/** What `max-payload` is when a grant does not say. */
const PAYLOAD_BYTES_DEFAULT = 64 * 1_024;
/** The largest `max-payload`. */
export const PAYLOAD_BYTES_MAX = 1_024 * 1_024;

/** Reads a grant of class `mqtt`. @throws GrammarError */
export function parseMqtt(resource: string, attributes: Attributes): MqttGrant {
  const slash = resource.indexOf('/');
  const connection = resource.slice(0, Math.max(slash, 0));
  if (!isLabel(connection)) {
    throw new GrammarError('GRANT_RESOURCE', `"${resource}" is not CONNECTION/FILTER`);
  }
  const filter = parseTopicFilter(resource.slice(slash + 1));
  const pub = attributes.flag('pub');
  const sub = attributes.flag('sub');
  if (!pub && !sub) {
    throw new GrammarError('GRANT_MISSING', `add a direction: mqtt:${resource}[pub] or [sub]`);
  }
  if (pub && splitShare(filter).group !== null) {
    throw new GrammarError('GRANT_CONFLICT', '"$share" is for subscriptions, and pub is given');
  }
  const grant: MqttGrant = {
    class: 'mqtt',
    connection,
    filter,
    pub,
    sub,
    qosMax: parseQos(attributes.take('qos', '<=')),
    retain: attributes.oneOf('retain', ['yes', 'no']) === 'yes',
    payloadBytesMax: parsePayload(attributes.take('max-payload', '=')),
    rate: parseBurst(attributes.take('rate', '='), attributes.take('burst', '=')),
  };
  if (!pub && (grant.retain || grant.rate !== null)) {
    throw new GrammarError('GRANT_CONFLICT', '"retain", "rate" and "burst" need pub');
  }
  return grant;
}

/** Writes it canonically. */
export function formatMqtt(grant: MqttGrant): string {
  const { payloadBytesMax, rate } = grant;
  const hasBurst = rate !== null && rate.burst !== rate.count;
  const attributes = formatAttributes([
    hasBurst ? `burst=${rate.burst}` : null,
    payloadBytesMax === PAYLOAD_BYTES_DEFAULT ? null : `max-payload=${formatSize(payloadBytesMax)}`,
    grant.pub ? 'pub' : null,
    grant.qosMax === 1 ? null : 'qos<=0',
    rate === null ? null : `rate=${formatRate(rate)}`,
    grant.retain ? 'retain=yes' : null,
    grant.sub ? 'sub' : null,
  ]);
  return `mqtt:${grant.connection}/${grant.filter}${attributes}`;
}

/** Whether `wide` allows all that `narrow` allows. */
export function mqttSubsumes(wide: MqttGrant, narrow: MqttGrant): boolean {
  return (
    wide.connection === narrow.connection &&
    filterCovers(wide.filter, narrow.filter) &&
    (wide.pub || !narrow.pub) &&
    (wide.sub || !narrow.sub) &&
    wide.qosMax >= narrow.qosMax &&
    wide.payloadBytesMax >= narrow.payloadBytesMax &&
    (wide.retain || !narrow.retain) &&
    (!narrow.pub || rateCovers(wide.rate, narrow.rate))
  );
}

/** Returns what both allow, or null when that is nothing. */
export function mqttIntersect(a: MqttGrant, b: MqttGrant): MqttGrant | null {
  const filter = filterIntersect(a.filter, b.filter);
  if (a.connection !== b.connection || filter === null) return null;
  // A share of a subscription says nothing about publishing.
  const pub = a.pub && b.pub && splitShare(filter).group === null;
  const sub = a.sub && b.sub;
  if (!pub && !sub) return null;
  return {
    class: 'mqtt',
    connection: a.connection,
    filter,
    pub,
    sub,
    qosMax: a.qosMax === 1 && b.qosMax === 1 ? 1 : 0,
    retain: pub && a.retain && b.retain,
    payloadBytesMax: Math.min(a.payloadBytesMax, b.payloadBytesMax),
    rate: pub ? rateIntersect(a.rate, b.rate, true) : null,
  };
}

function parseQos(text: string | undefined): 0 | 1 {
  if (text === undefined || text === '1') return 1;
  if (text === '0') return 0;
  throw new GrammarError('GRANT_VALUE', `qos<=${text}: use 0 or 1`);
}

function parsePayload(text: string | undefined): number {
  if (text === undefined) return PAYLOAD_BYTES_DEFAULT;
  const bytes = parseSize(text);
  if (bytes <= PAYLOAD_BYTES_MAX) return bytes;
  throw new GrammarError('GRANT_VALUE', `max-payload=${text}: at most 1MiB`);
}

function parseBurst(rate: string | undefined, burst: string | undefined): Rate | null {
  if (rate !== undefined) {
    const parsed = parseRate(rate);
    return burst === undefined ? parsed : { ...parsed, burst: parseCount(burst) };
  }
  if (burst === undefined) return null;
  throw new GrammarError('GRANT_CONFLICT', '"burst" needs a rate');
}
