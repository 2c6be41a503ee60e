import process from 'node:process';
import { parentPort } from 'node:worker_threads';
import type { VerifierRequest } from '../../../runtime/manifest/verifier-messages.ts';
import { serveVerifier } from '../../../runtime/manifest/verifier-thread-io.ts';

/** The verifier's thread, which misbehaves when the first byte says so. */
const port = parentPort;
if (port === null) throw new TypeError('runs as a worker thread only');
port.on('message', ({ bytes }: VerifierRequest) => {
  const fault = String.fromCharCode(bytes[0] ?? 0);
  if (fault === 't') {
    port.postMessage = () => {
      throw new Error('thrown on purpose');
    };
  }
  if (fault === 'h') while (port.listenerCount('message') > 0);
  if (fault === 'x') process.exit(3);
});
serveVerifier(port);
