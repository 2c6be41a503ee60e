import { errorMessage } from '../base/errors.ts';
import type { GatewayConfig } from '../manifest/gateway-config.ts';
import type { Files } from '../ports/files.ts';
import type { MqttConnectionSettings } from '../ports/mqtt-connection.ts';
import type { Random } from '../ports/random.ts';

/** Broker connections as they are opened, and what a person should know of their names. */
export interface NamedConnections {
  readonly connections: readonly MqttConnectionSettings[];
  /** Words for people; null where there is nothing to say. */
  readonly notice: string | null;
}

/** Where the mark of a nameless gateway is kept, and what makes it. */
export interface MarkParts {
  readonly files: Files;
  readonly random: Random;
  readonly folder: string;
}

const FILE = 'broker-mark';
const MARK_BYTES = 6;
const MARK = /^[0-9a-f]{12}\n$/;
const FILE_BYTES_MAX = 64;
const CLIENT_ID_CHARS_MAX = 64;

/**
 * Returns the connections with client ids that no other gateway has: a broker cuts off whoever has
 * the same. What nobody named, neither the gateway (`name`) nor the connection (`client-id`), is
 * set apart by a mark that is made once and kept in the state folder.
 */
export async function namedConnections(
  { name, mqtt, origins }: Pick<GatewayConfig, 'name' | 'mqtt' | 'origins'>,
  parts: MarkParts,
): Promise<NamedConnections> {
  const isNamed = (index: number) => origins.has(`mqtt[${index}].client-id`);
  if (origins.get('name') !== 'default' || mqtt.every((_, index) => isNamed(index))) {
    return { connections: mqtt, notice: null };
  }
  const { mark, trouble } = await keptMark(parts);
  const marked = `${name}-${mark}`;
  const connections = mqtt.map((connection, index) => {
    if (isNamed(index)) return connection;
    const clientId = `${marked}-${connection.label}`.slice(0, CLIENT_ID_CHARS_MAX);
    return { ...connection, clientId };
  });
  const notice = `without a name in gateway.toml, brokers know it as "${marked}"${trouble}`;
  return { connections, notice };
}

async function keptMark({ files, random, folder }: MarkParts): Promise<{
  readonly mark: string;
  /** Words that follow others; empty where there was none. */
  readonly trouble: string;
}> {
  const path = `${folder}/${FILE}`;
  const bytes = await files.read(path, FILE_BYTES_MAX).catch(() => null);
  const text = Buffer.from(bytes ?? []).toString('latin1');
  if (MARK.test(text)) return { mark: text.trimEnd(), trouble: '' };
  const mark = Buffer.from(random.bytes(MARK_BYTES)).toString('hex');
  try {
    await files.write(`${path}.new`, Buffer.from(`${mark}\n`));
    await files.sync(`${path}.new`);
    await files.rename(`${path}.new`, path);
    await files.syncFolder(folder);
    return { mark, trouble: '' };
  } catch (error) {
    return { mark, trouble: `, until its next start: ${path}: ${errorMessage(error)}` };
  }
}
