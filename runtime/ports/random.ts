/** Random numbers. The real driver is fit for cryptography; a simulated one repeats by seed. */
export interface Random {
  /** Returns `count` random bytes. */
  bytes(count: number): Uint8Array;
  /** Returns a number in [0, 1), for jitter. */
  fraction(): number;
}
