import type { MessagePort } from 'node:worker_threads';
import { errorMessage } from '../base/errors.ts';
import { sha256 } from '../base/sha256.ts';
import { SignatureError } from '../signing/errors.ts';
import { ReleaseError } from './errors.ts';
import { verifyMoved } from './release-verifier.ts';
import type { Refusal, VerifierReply, VerifierRequest } from './verifier-messages.ts';

/**
 * Serves requests that come in on `port`, one after the other. What is thrown beside a refusal is a
 * fault of ours and ends the thread.
 */
export function serveVerifier(port: MessagePort): void {
  port.on('message', (request: VerifierRequest) => {
    const reply = answer(request);
    port.postMessage(reply, reply.kind === 'refused' ? [] : [request.bytes.buffer]);
  });
}

function answer(request: VerifierRequest): VerifierReply {
  const { bytes } = request;
  if (request.kind === 'hash') {
    return { kind: 'hashed', hashed: { bytes, digest: sha256(bytes.subarray(request.startByte)) } };
  }
  try {
    return { kind: 'verified', verified: verifyMoved(bytes, request.vouchers) };
  } catch (error) {
    return { kind: 'refused', refusal: refusalOf(error) };
  }
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof ReleaseError) {
    return { by: 'release', code: error.code, message: error.message, cause: causeOf(error) };
  }
  if (error instanceof SignatureError) {
    return { by: 'signature', code: error.code, message: error.message, cause: causeOf(error) };
  }
  throw error;
}

function causeOf({ cause }: Error): string | null {
  return cause === undefined ? null : errorMessage(cause);
}
