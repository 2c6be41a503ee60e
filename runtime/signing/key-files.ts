import { createPrivateKey } from 'node:crypto';
import { type PrivateKey, parsePrivateKey, publicKeyOf } from './ed25519.ts';
import { KeyError } from './errors.ts';

/** Longest private key file that is read. */
export const KEY_FILE_BYTES_MAX = 4_096;

/** Returns a private key as PEM, PKCS #8 (RFC 8410 7); OpenSSL reads it too. */
export function formatPrivateKey(key: PrivateKey): string {
  const x = Buffer.from(publicKeyOf(key)).toString('base64url');
  const d = Buffer.from(key).toString('base64url');
  const jwk = { kty: 'OKP', crv: 'Ed25519', x, d };
  return String(
    createPrivateKey({ key: jwk, format: 'jwk' }).export({ format: 'pem', type: 'pkcs8' }),
  );
}

/**
 * Returns the private key of a PEM text. Messages never quote the file.
 * @throws KeyError `KEY_MALFORMED`
 */
export function parsePrivateKeyFile(text: string, file: string): PrivateKey {
  const seed = readSeed(text);
  if (seed === null) {
    throw new KeyError(
      'KEY_MALFORMED',
      `${file}: no unencrypted Ed25519 private key in PEM; make one with airssys-wasm keygen`,
    );
  }
  return parsePrivateKey(seed);
}

function readSeed(text: string): Uint8Array | null {
  if (text.length > KEY_FILE_BYTES_MAX) return null;
  try {
    const jwk = createPrivateKey({ key: text, format: 'pem' }).export({ format: 'jwk' });
    if (jwk.crv !== 'Ed25519' || jwk.d === undefined) return null;
    return Buffer.from(jwk.d, 'base64url');
  } catch {
    // The reason would tell nothing that helps, and might quote the key.
    return null;
  }
}
