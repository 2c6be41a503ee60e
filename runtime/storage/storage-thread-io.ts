import type { MessagePort } from 'node:worker_threads';
import { errorMessage } from '../base/errors.ts';
import { keyValueCode } from './database-io.ts';
import type { StorageReply, StorageRequest, StorageWorkerSettings } from './messages.ts';
import { Store } from './store-io.ts';

/** Serves a store on `port`: one `opened` or `failed`, then one `answers` for each batch. */
export function serveStore(port: MessagePort, settings: StorageWorkerSettings): void {
  const reply = (message: StorageReply) => port.postMessage(message);
  let store: Store;
  try {
    store = new Store(settings);
  } catch (error) {
    reply({ kind: 'failed', code: keyValueCode(error), message: errorMessage(error) });
    port.close();
    return;
  }
  reply({ kind: 'opened', damage: store.damage });
  port.on('message', (request: StorageRequest) => {
    if (request.kind === 'batch') {
      reply({ kind: 'answers', ...store.run(request.operations) });
      return;
    }
    store.close();
    port.close();
  });
}
