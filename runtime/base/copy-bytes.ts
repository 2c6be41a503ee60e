/** Up to here a loop over bytes beats a call into the runtime. */
const LOOP_BYTES_MAX = 16;

/**
 * Copies the bytes from `start` to `end` of `from` to `at` of `to`, without an intermediate view.
 * Both places must exist. `to` should be no small array of its own: V8 keeps those on its heap,
 * and copying there is slow.
 */
export function copyBytes(
  from: Buffer,
  start: number,
  end: number,
  to: Uint8Array,
  at: number,
): void {
  if (end - start > LOOP_BYTES_MAX) {
    from.copy(to, at, start, end);
    return;
  }
  const by = at - start;
  for (let place = start; place < end; place += 1) to[place + by] = from[place] ?? 0;
}
