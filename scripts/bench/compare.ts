import type { Result } from './results.ts';

/** A row that can be held against an earlier run: a benchmark and one that it is held against. */
interface RatioRow {
  readonly key: string;
  readonly unit: Result['unit'];
  /** By the medians. */
  readonly ratio: number;
  /** By the best run of each: what other tenants of a machine disturb least. */
  readonly bestRatio: number;
}

/** A ratio that became worse, by the medians and by the best runs. */
export interface Regression {
  readonly key: string;
  readonly before: number;
  readonly now: number;
}

/** What holding two runs against each other gave. */
export interface Comparison {
  readonly compared: readonly string[];
  readonly regressions: readonly Regression[];
  /** Rows that the earlier run has and this one, which measured both of their names, has not. */
  readonly lost: readonly string[];
}

/** A ratio may become worse by this part before it counts. */
export const TOLERANCE_DEFAULT = 0.3;

/** Whether a larger figure is a better one. */
function isRate(unit: Result['unit']): boolean {
  return unit === 'calls/s' || unit === 'MiB/s';
}

/**
 * Holds a run against an earlier one by ratios only: each value is divided by that of a peer in the
 * same run, so that a slower machine is no regression. A row counts as worse when both its ratio of
 * medians and its ratio of best runs are worse by more than `tolerance`.
 */
export function compareRuns(
  before: readonly Result[],
  now: readonly Result[],
  tolerance: number,
): Comparison {
  const rowsNow = new Map(ratioRows(now).map(row => [row.key, row]));
  const measured = new Set(now.map(({ name }) => name));
  const compared: string[] = [];
  const regressions: Regression[] = [];
  const lost: string[] = [];
  for (const old of ratioRows(before)) {
    const row = rowsNow.get(old.key);
    if (row === undefined) {
      const isMeasured = old.key.split(' / ').every(name => measured.has(name));
      if (isMeasured) lost.push(old.key);
      continue;
    }
    compared.push(old.key);
    const isWorse = (was: number, is: number): boolean =>
      isRate(row.unit) ? is < was * (1 - tolerance) : is > was / (1 - tolerance);
    if (isWorse(old.ratio, row.ratio) && isWorse(old.bestRatio, row.bestRatio)) {
      regressions.push({ key: old.key, before: old.ratio, now: row.ratio });
    }
  }
  return { compared, regressions, lost };
}

/** Parses a document that `--json` wrote. Throws an Error that says what it is not. */
export function parseDocument(text: string): readonly Result[] {
  const document: unknown = JSON.parse(text);
  if (typeof document !== 'object' || document === null || !('results' in document)) {
    throw new Error('no document of airssys.bench/1');
  }
  const { results } = document;
  if (!('schema' in document) || document.schema !== 'airssys.bench/1' || !Array.isArray(results)) {
    throw new Error('no document of airssys.bench/1');
  }
  for (const result of results) requireResult(result);
  return results;
}

function requireResult(result: unknown): asserts result is Result {
  if (typeof result !== 'object' || result === null) throw new Error('a result is no object');
  const { name, unit, value, min, max, ratio_to: ratios = {} } = result as Partial<Result>;
  const figures = [value, min, max, ...Object.values(ratios)];
  const isWhole = typeof name === 'string' && typeof unit === 'string';
  if (!isWhole || !figures.every(figure => Number.isFinite(figure))) {
    throw new Error(`the result ${JSON.stringify(name)} lacks figures`);
  }
}

function ratioRows(results: readonly Result[]): readonly RatioRow[] {
  const byName = new Map(results.map(result => [result.name, result]));
  return results.flatMap(result => {
    return Object.entries(result.ratio_to ?? {}).flatMap(([peerName, ratio]) => {
      const peer = byName.get(peerName);
      if (peer === undefined) return [];
      const best = (each: Result): number => (isRate(each.unit) ? each.max : each.min);
      const bestRatio = best(result) / best(peer);
      return [{ key: `${result.name} / ${peerName}`, unit: result.unit, ratio, bestRatio }];
    });
  });
}
