import type { BenchContext } from './measure.ts';

const MS_PER_S = 1_000;

/** Keeps `window` calls in flight until the time is over and the last is answered. */
export async function coalescedCallsPerSecond(
  { runMs }: BenchContext,
  call: () => Promise<unknown>,
  window: number,
): Promise<number> {
  const startedAt = performance.now();
  let answered = 0;
  const lane = async (): Promise<void> => {
    while (performance.now() - startedAt < runMs) {
      await call();
      answered += 1;
    }
  };
  await Promise.all(Array.from({ length: window }, lane));
  return (answered * MS_PER_S) / (performance.now() - startedAt);
}
