import { createPrivateKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

/** A certificate and its key, in PEM. */
export interface Identity {
  readonly name: string;
  readonly certificate: string;
  readonly key: string;
}

/** What a certificate says beside its name. */
export interface CertificateParts {
  /** Who signs; the certificate signs itself, and others, when none is given. */
  readonly issuer?: Identity;
  readonly dnsNames?: readonly string[];
  readonly ipv4?: readonly string[];
  /** It ended yesterday. */
  readonly expired?: boolean;
}

const DAY_MS = 86_400_000;
const SEQUENCE = 0x30;
const INTEGER = 0x02;
const OCTET_STRING = 0x04;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const BIT_STRING = 0x03;
const TRUE = Buffer.from([0x01, 0x01, 0xff]);

// Object identifiers as they are encoded.
const COMMON_NAME = Buffer.from('0603550403', 'hex');
const BASIC_CONSTRAINTS = Buffer.from('0603551d13', 'hex');
const ALTERNATIVE_NAME = Buffer.from('0603551d11', 'hex');
const ECDSA_WITH_SHA256 = Buffer.from('06082a8648ce3d040302', 'hex');

/** Makes an X.509 certificate (RFC 5280 4.1) with a key of its own, on P-256. */
export function makeIdentity(name: string, parts: CertificateParts = {}): Identity {
  const { issuer, dnsNames = [], ipv4 = [], expired = false } = parts;
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const now = Date.now();
  const [from, to] = expired ? [now - 9 * DAY_MS, now - DAY_MS] : [now - DAY_MS, now + 9 * DAY_MS];
  const names = [
    ...dnsNames.map(text => der(0x82, Buffer.from(text))),
    ...ipv4.map(text => der(0x87, Buffer.from(text.split('.').map(Number)))),
  ];
  const extensions = [
    ...(issuer === undefined ? [der(SEQUENCE, BASIC_CONSTRAINTS, TRUE, octets(TRUE))] : []),
    ...(names.length > 0 ? [der(SEQUENCE, ALTERNATIVE_NAME, octets(...names))] : []),
  ];
  const algorithm = der(SEQUENCE, ECDSA_WITH_SHA256);
  const content = der(
    SEQUENCE,
    der(0xa0, der(INTEGER, Buffer.from([2]))),
    der(INTEGER, Buffer.concat([Buffer.from([0x01]), randomBytes(8)])),
    algorithm,
    commonName(issuer?.name ?? name),
    der(SEQUENCE, utcTime(from), utcTime(to)),
    commonName(name),
    pair.publicKey.export({ type: 'spki', format: 'der' }),
    ...(extensions.length > 0 ? [der(0xa3, der(SEQUENCE, ...extensions))] : []),
  );
  const signer = issuer === undefined ? pair.privateKey : createPrivateKey(issuer.key);
  const signature = Buffer.concat([Buffer.from([0]), sign('sha256', content, signer)]);
  const certificate = der(SEQUENCE, content, algorithm, der(BIT_STRING, signature));
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return {
    name,
    certificate: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
    key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/** One element of the distinguished encoding rules (X.690 8.1): tag, length, content. */
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const length = content.length;
  const head =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}

const octets = (...parts: readonly Uint8Array[]) => der(OCTET_STRING, der(SEQUENCE, ...parts));

function commonName(name: string): Buffer {
  const attribute = der(SEQUENCE, COMMON_NAME, der(UTF8_STRING, Buffer.from(name)));
  return der(SEQUENCE, der(0x31, attribute));
}

function utcTime(ms: number): Buffer {
  const text = new Date(ms).toISOString().replace(/[-:T]/g, '').slice(2, 14);
  return der(UTC_TIME, Buffer.from(`${text}Z`));
}
