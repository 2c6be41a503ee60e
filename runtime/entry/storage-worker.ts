import { parentPort, workerData } from 'node:worker_threads';
import { serveStore } from '../storage/storage-thread-io.ts';

// The thread that waits for the disk, so that gatewayd's main thread never does.
if (parentPort === null) throw new TypeError('storage-worker runs as a worker thread only');
serveStore(parentPort, workerData);
