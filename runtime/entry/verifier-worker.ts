import { parentPort } from 'node:worker_threads';
import { serveVerifier } from '../manifest/verifier-thread-io.ts';

// The thread that hashes and checks signatures, so that gatewayd's main thread never does.
if (parentPort === null) throw new TypeError('verifier-worker runs as a worker thread only');
serveVerifier(parentPort);
