import type { Benchmark, Measurement } from '../../test/bench/measure.ts';

/** A benchmark's figures as its process sends them. */
export interface RawResult extends Measurement {
  readonly name: string;
  readonly unit: Benchmark['unit'];
  readonly heldAgainst: readonly string[];
}

/** A benchmark's figures as they are published. */
export interface Result extends Measurement {
  readonly name: string;
  readonly unit: Benchmark['unit'];
  /** This value divided by that of each peer which was measured in the same run. */
  readonly ratio_to?: Readonly<Record<string, number>>;
}

/** The benchmarks that a full run must have. */
export const EXPECTED_NAMES: readonly string[] = [
  'call.c.64B.coalesced',
  'call.c.64B.single',
  'call.js.64B.coalesced',
  'socketpair.64B.coalesced',
  'socketpair.64B.single',
  'socketpair.ask',
  'hostcall.gpio.sync',
  'hostcall.gpio.unguarded',
  'linker.c.64B',
  'linker.c.empty',
  'jco.c.64B',
  'extism.inthread.64B',
  'extism.worker.64B',
  'activate.c.warm',
  'activate.js.warm',
  'stage.c',
  'stage.js',
  'pss.idle',
  'pss.10c',
  'e2e.mqtt-to-gpio.p50',
  'e2e.mqtt-to-gpio.p99',
  'verify.release',
];

/** Says whether a benchmark is wanted: without a filter all are, else by name or beginning. */
export function matchesName(name: string, only: readonly string[]): boolean {
  return only.length === 0 || only.some(part => name === part || name.startsWith(`${part}.`));
}

/** Parses a message of a benchmark's process; null when it is none. */
export function parseResult(message: unknown): RawResult | null {
  if (typeof message !== 'object' || message === null) return null;
  const { name, unit, value, min, max, runs } = message as Partial<Record<string, unknown>>;
  const figures = [value, min, max, runs];
  if (typeof name !== 'string' || typeof unit !== 'string') return null;
  if (!figures.every(figure => typeof figure === 'number' && Number.isFinite(figure))) return null;
  return message as RawResult;
}

/** Adds to each result its ratios to the peers that were measured too. */
export function withRatios(raw: readonly RawResult[]): Result[] {
  const values = new Map(raw.map(({ name, value }) => [name, value]));
  return raw.map(({ heldAgainst, ...result }) => {
    const ratios = heldAgainst.flatMap(peer => {
      const value = values.get(peer);
      return value === undefined || value === 0 ? [] : [[peer, result.value / value] as const];
    });
    return ratios.length === 0 ? result : { ...result, ratio_to: Object.fromEntries(ratios) };
  });
}

/** Returns the expected names that no result has. */
export function missingNames(results: readonly Result[]): string[] {
  return EXPECTED_NAMES.filter(name => !results.some(result => result.name === name));
}

/** Returns a result as a line for people. */
export function formatResult({ name, unit, value, min, max, runs, ratio_to }: Result): string {
  const ratios = Object.entries(ratio_to ?? {}).map(([peer, by]) => `${digits(by)}x ${peer}`);
  const spread = `(${digits(min)} to ${digits(max)}, ${runs} runs)`;
  return [name.padEnd(26), digits(value).padStart(10), unit.padEnd(8), spread, ...ratios].join(' ');
}

function digits(value: number): string {
  if (value >= 1_000) return Math.round(value).toLocaleString('en-US');
  return value >= 10 ? value.toFixed(1) : value.toPrecision(3);
}
