import { createServer, type Socket } from 'node:net';
import { Aedes } from 'aedes';

/** A broker in this process, for a desk and for tests: MQTT 3.1.1, loopback, no storage. */
export interface Broker {
  readonly port: number;
  /** Cuts every connection and frees the port. */
  close(): Promise<void>;
}

/** Starts a broker on 127.0.0.1, on a free port unless one is given. Rejects if it is taken. */
export async function startBroker(settings: { readonly port?: number } = {}): Promise<Broker> {
  const aedes = await Aedes.createBroker();
  const sockets = new Set<Socket>();
  const server = createServer(socket => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('close', () => void sockets.delete(socket));
    aedes.handle(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(settings.port ?? 0, '127.0.0.1', () => resolve());
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('no TCP address');
  return {
    port: address.port,
    close: async () => {
      const closed = new Promise<void>(resolve => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
      await new Promise<void>(resolve => aedes.close(() => resolve()));
    },
  };
}
