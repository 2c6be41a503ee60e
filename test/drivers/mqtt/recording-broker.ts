import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { Aedes } from 'aedes';

/** A broker that keeps what its clients ask for. */
export interface RecordingBroker {
  readonly port: number;
  /** Filters that are subscribed now, sorted. */
  subscribed(): readonly string[];
  /** Subscriptions and unsubscriptions in the order in which they were done. */
  readonly requests: readonly string[];
  /** Clients that were let in: name, user and password. */
  readonly clients: readonly string[];
  /** What clients published, in order: topic, a blank, the first word of the text. */
  readonly published: readonly string[];
  publish(topic: string, text: string): Promise<void>;
  /** Ends every connection; clients may come again. */
  cut(): void;
  close(): Promise<void>;
}

/** How it differs from a good broker in the clear. */
export interface RecordingBrokerSettings {
  readonly tls?: TlsOptions;
  readonly port?: number;
  /** Filters that are refused. */
  readonly refused?: readonly string[];
  /** A subscription takes effect after this long. Unsubscriptions never wait. */
  readonly subscribeDelayMs?: number;
}

/** Starts one on 127.0.0.1. */
export async function startRecordingBroker(
  settings: RecordingBrokerSettings = {},
): Promise<RecordingBroker> {
  const { tls, refused = [], subscribeDelayMs = 0 } = settings;
  const requests: string[] = [];
  const clients: string[] = [];
  const published: string[] = [];
  const subscribed = new Set<string>();
  const aedes = await Aedes.createBroker({
    authenticate: (client, user, password, done) => {
      clients.push(`${client.id} ${user ?? ''} ${password?.toString() ?? ''}`);
      done(null, true);
    },
    authorizeSubscribe: (_client, subscription, done) => {
      const allowed = refused.includes(subscription.topic) ? null : subscription;
      setTimeout(() => done(null, allowed), subscribeDelayMs);
    },
  });
  aedes.on('subscribe', subscriptions => {
    for (const { topic, qos } of subscriptions) {
      requests.push(`+${topic}`);
      if (qos < 128) subscribed.add(topic);
    }
  });
  aedes.on('publish', ({ topic, payload }, client) => {
    if (client === null) return;
    published.push(`${topic} ${payload.toString().split(' ')[0]}`);
  });
  aedes.on('unsubscribe', filters => {
    for (const filter of filters) {
      requests.push(`-${filter}`);
      subscribed.delete(filter);
    }
  });
  aedes.on('clientDisconnect', () => subscribed.clear());
  const sockets = new Set<Socket>();
  const take = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => void sockets.delete(socket));
    aedes.handle(socket);
  };
  const server: Server = tls === undefined ? createServer(take) : createTlsServer(tls, take);
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(settings.port ?? 0, '127.0.0.1', () => resolve());
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('no TCP address');
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: address.port,
    requests,
    clients,
    published,
    subscribed: () => [...subscribed].sort(),
    publish: (topic, text) =>
      new Promise((resolve, reject) => {
        const payload = Buffer.from(text);
        const packet = {
          cmd: 'publish',
          topic,
          payload,
          qos: 1,
          retain: false,
          dup: false,
        } as const;
        aedes.publish(packet, error => (error ? reject(error) : resolve()));
      }),
    cut,
    close: async () => {
      const closed = new Promise<void>(resolve => server.close(() => resolve()));
      cut();
      await closed;
      await new Promise<void>(resolve => aedes.close(() => resolve()));
    },
  };
}
