import { readFile, stat } from 'node:fs/promises';
import { connect as connectTcp, isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { MqttConnectionSettings } from '../../runtime/ports/mqtt-connection.ts';
import { GuardedSocket } from './guarded-socket.ts';

/** What the files of a connection say at this moment. */
export interface BrokerSecrets {
  readonly username: string | null;
  readonly password: string | null;
  readonly ca: Buffer | null;
  readonly certificate: Buffer | null;
  readonly key: Buffer | null;
}

/** Bytes of a credentials or PEM file. */
const FILE_BYTES_MAX = 256 * 1_024;

const PORT = 1_883;
const TLS_PORT = 8_883;

/**
 * Reads the files that a connection names; done for each attempt, so that new credentials need no
 * restart. Rejects when one cannot be read; the message names the file and never its content.
 */
export async function readBrokerSecrets(settings: MqttConnectionSettings): Promise<BrokerSecrets> {
  const { tls } = settings;
  const [credentials, ca, certificate, key] = await Promise.all([
    readBounded(settings.credentialsFile),
    readBounded(tls.caFile),
    readBounded(tls.certificateFile),
    readBounded(tls.keyFile),
  ]);
  const [username, password] = credentials?.toString('utf8').split(/\r?\n/) ?? [];
  return { username: username || null, password: password || null, ca, certificate, key };
}

async function readBounded(file: string | null): Promise<Buffer | null> {
  if (file === null) return null;
  const { size } = await stat(file);
  if (size > FILE_BYTES_MAX) throw new RangeError(`${file} is larger than ${FILE_BYTES_MAX} bytes`);
  return await readFile(file);
}

/** Opens the guarded connection to a broker. Failures come as its `error` event. */
export function openBrokerSocket(settings: {
  readonly connection: MqttConnectionSettings;
  readonly secrets: BrokerSecrets;
  readonly packetBytesMax: number;
  readonly onDropped: (count: number) => void;
}): GuardedSocket {
  const { connection, secrets, packetBytesMax, onDropped } = settings;
  const url = new URL(connection.url);
  // The brackets of an IPv6 address belong to the URL.
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const encrypted = url.protocol === 'mqtts:';
  const port = url.port === '' ? (encrypted ? TLS_PORT : PORT) : Number(url.port);
  const socket = encrypted
    ? connectTls({
        host,
        port,
        // RFC 6066 3: an address is no server name; the certificate is still held against it.
        ...(isIP(host) === 0 ? { servername: host } : {}),
        ...(secrets.ca === null ? {} : { ca: secrets.ca }),
        ...(secrets.certificate === null ? {} : { cert: secrets.certificate }),
        ...(secrets.key === null ? {} : { key: secrets.key }),
      })
    : connectTcp({ host, port });
  socket.setNoDelay(true);
  return new GuardedSocket(socket, { packetBytesMax, onDropped });
}
