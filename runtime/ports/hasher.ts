/** Bytes back from hashing, and what they hash to. */
export interface HashedBytes {
  /** The very bytes that were hashed. */
  readonly bytes: Uint8Array;
  /** SHA-256, lower-case hex. */
  readonly digest: string;
}

/** Hashes without keeping the caller from its other work. */
export interface Hasher {
  /**
   * Hashes `bytes` from `startByte` on; from their beginning unless given. The bytes are moved: the
   * caller's view is empty from now on, and the result holds them. Rejects with a coded error when
   * they could not be hashed; they are gone then.
   */
  hash(bytes: Uint8Array, startByte?: number): Promise<HashedBytes>;
}
