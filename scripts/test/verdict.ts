import type { FileRun } from './file-process.ts';

/** Sums of tests; a file that could not be counted adds one. */
export interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

/** What became of one test file, and why. */
export interface Verdict {
  readonly file: string;
  readonly ok: boolean;
  readonly reason: string;
  readonly totals: Readonly<Totals>;
  readonly output: string;
  readonly durationMs: number;
}

/**
 * Decides over one finished file. uvu's exit code is not enough: uvu 0.5.6 exits 0 when a `before`
 * or `after.each` hook throws or `.run()` is forgotten, and it has no time limit.
 */
export function judge(file: string, run: FileRun): Verdict {
  const { counts, durationMs, output } = run;
  const reason = failureReason(run);
  const passed = counts?.passed ?? 0;
  const skipped = counts?.skipped ?? 0;
  if (reason === null) {
    const note = skipped > 0 ? `${skipped} skipped by the file itself` : '';
    const totals = { passed, failed: 0, skipped };
    return { file, ok: true, reason: note, totals, output, durationMs };
  }
  const failed = Math.max(1, (counts?.total ?? 0) - passed);
  return { file, ok: false, reason, totals: { passed, failed, skipped }, output, durationMs };
}

/** Returns the last line of a run. */
export function formatTotals({ passed, failed, skipped }: Readonly<Totals>): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/** Reads the last line of a run back from its output; null where it never came. */
export function readTotals(output: string): Totals | null {
  const found = /^(\d+) passed, (\d+) failed, (\d+) skipped$/m.exec(
    output.trim().split('\n').at(-1) ?? '',
  );
  if (found === null) return null;
  const [passed = 0, failed = 0, skipped = 0] = found.slice(1).map(Number);
  return { passed, failed, skipped };
}

function failureReason(run: FileRun): string | null {
  const { counts } = run;
  if (run.timedOut) return timeoutReason(run);
  if (counts === null) return `ended (${ending(run)}) before its tests could be counted`;
  if (counts.queued === 0) return `no suite was run: is \`.run()\` missing? (${ending(run)})`;
  if (counts.finished < counts.queued) return `ended (${ending(run)}) before its tests were over`;
  if (counts.total === 0) return `no test ran (${counts.skipped} skipped)`;
  if (counts.passed < counts.total) {
    const hidden = run.exitCode === 0 ? '; a hook threw, and uvu does not say what' : '';
    return `${counts.passed} of ${counts.total} tests passed${hidden}`;
  }
  if (run.exitCode !== 0) return `all tests passed, yet it ended with ${ending(run)}`;
  if (run.survivors.length > 0) return `left processes behind: ${run.survivors.join('; ')}`;
  if (run.leftFiles.length > 0) return `left temporary files: ${run.leftFiles.join(', ')}`;
  return null;
}

function timeoutReason({ counts, durationMs }: FileRun): string {
  const seconds = (durationMs / 1000).toFixed(0);
  return counts !== null && counts.queued > 0 && counts.finished === counts.queued
    ? `all tests were over, but something kept it alive until it was killed after ${seconds} s`
    : `killed after ${seconds} s`;
}

function ending({ exitCode, signal }: FileRun): string {
  return signal === null ? `exit code ${exitCode}` : `signal ${signal}`;
}
