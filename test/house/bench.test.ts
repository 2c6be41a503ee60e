import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compareRuns, parseDocument } from '../../scripts/bench/compare.ts';
import { processorShare } from '../../scripts/bench/processor-share.ts';
import {
  EXPECTED_NAMES,
  matchesName,
  missingNames,
  parseResult,
  type RawResult,
  type Result,
  withRatios,
} from '../../scripts/bench/results.ts';
import { medianOf, percentile, summarise } from '../bench/measure.ts';

const ROOT = join(import.meta.dirname, '..', '..');

const bench = suite('house/bench');

bench('takes the median and the ends of several runs', () => {
  assert.equal(summarise([3, 1, 2]), { value: 2, min: 1, max: 3, runs: 3 });
  assert.equal(summarise([4]), { value: 4, min: 4, max: 4, runs: 1 });
  assert.throws(() => summarise([]));
});

bench('takes percentiles by the nearest rank', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
  assert.is(percentile(hundred, 0.5), 50);
  assert.is(percentile(hundred, 0.99), 99);
  assert.is(percentile([7], 0.99), 7);
});

bench('drops the run that warms up', async () => {
  const values = [1_000, 1, 2, 3];
  const once = (): number => values.shift() ?? 0;
  const measured = await medianOf({ seed: 1, runs: 3, runMs: 1 }, once);
  assert.equal(measured, { value: 2, min: 1, max: 3, runs: 3 });
});

bench('tells which part of its best speed the processor gave', () => {
  let readings = 0;
  // Two readings a slice: every other slice takes three times as long as the one before.
  const nowMs = () => {
    readings += 1;
    return readings % 4 === 0 ? readings + 2 : readings;
  };
  assert.is(processorShare(nowMs), 0.5);
});

bench('gives ratios to the peers of the same run only', () => {
  const [ours] = withRatios([
    raw('linker.c.64B', 400, ['jco.c.64B', 'extism.inthread.64B']),
    raw('jco.c.64B', 100),
  ]);
  assert.equal(ours?.ratio_to, { 'jco.c.64B': 4 });
  const [alone] = withRatios([raw('linker.c.64B', 400, ['jco.c.64B'])]);
  assert.is(alone?.ratio_to, undefined);
});

bench('chooses benchmarks by name and by the beginning of names', () => {
  assert.ok(matchesName('call.c.64B.single', []));
  assert.ok(matchesName('call.c.64B.single', ['call.c']));
  assert.ok(matchesName('stage.c', ['stage.c']));
  assert.not.ok(matchesName('stage.cpp', ['stage.c']));
});

bench('refuses messages that are no results', () => {
  assert.is(parseResult(null), null);
  assert.is(
    parseResult({ name: 'a', unit: 'ms', value: Number.NaN, min: 0, max: 0, runs: 1 }),
    null,
  );
  assert.is(parseResult({ name: 'a', unit: 'ms', value: '1', min: 0, max: 0, runs: 1 }), null);
  assert.ok(parseResult(raw('a', 1)));
});

bench('names what a full run did not measure', () => {
  assert.equal(missingNames(EXPECTED_NAMES.map(name => raw(name, 1))), []);
  assert.equal(missingNames(EXPECTED_NAMES.slice(1).map(name => raw(name, 1))), [
    EXPECTED_NAMES[0],
  ]);
});

bench('writes one document with machine, seed and figures, and names what is worse', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  try {
    const file = join(folder, 'bench.json');
    // No awaited call is a thousand times as fast as a plain one: a ratio that must be worse.
    const before = join(folder, 'before.json');
    const earlier = [rate('floor.await', 1_000, { 'floor.call': 1_000 }), rate('floor.call', 1)];
    writeFileSync(before, JSON.stringify({ schema: 'airssys.bench/1', results: earlier }));
    const args = ['--only', 'floor', '--seed', '7', '--runs', '2', '--run-ms', '5', '--json', file];
    const { status, stdout } = runBench([...args, '--compare', before]);
    assert.is(status, 1);
    assert.match(stdout, /REGRESSION floor\.await \/ floor\.call/);
    const document = JSON.parse(readFileSync(file, 'utf8'));
    assert.is(document.schema, 'airssys.bench/1');
    assert.is(document.seed, 7);
    assert.is(typeof document.machine.cpu, 'string');
    const [result] = document.results;
    assert.equal(Object.keys(result), ['name', 'unit', 'value', 'min', 'max', 'runs']);
    assert.ok(result.min > 0 && result.min <= result.value && result.value <= result.max);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

bench('fails when no benchmark has the name, and refuses senseless options', () => {
  assert.is(runBench(['--only', 'no-such-benchmark', '--runs', '1']).status, 1);
  assert.is(runBench(['--runs', '0']).status, 2);
});

bench('a slower machine is no regression, a worse ratio is one', () => {
  const before = [rate('ours', 400, { peer: 4 }), rate('peer', 100)];
  const slower = [rate('ours', 40, { peer: 4 }), rate('peer', 10)];
  assert.equal(compareRuns(before, slower, 0.3), {
    compared: ['ours / peer'],
    regressions: [],
    lost: [],
  });
  const worse = [rate('ours', 200, { peer: 2 }), rate('peer', 100)];
  assert.equal(compareRuns(before, worse, 0.3).regressions, [
    { key: 'ours / peer', before: 4, now: 2 },
  ]);
  assert.equal(compareRuns(before, worse, 0.6).regressions, []);
  assert.equal(compareRuns(worse, before, 0.3).regressions, [], 'better is never worse');
});

bench('a time that grew is a regression, one that shrank is none', () => {
  const time = (value: number): Result[] => [
    { ...rate('start', value, { other: value / 10 }), unit: 'ms' },
    { ...rate('other', 10), unit: 'ms' },
  ];
  assert.is(compareRuns(time(10), time(20), 0.3).regressions.length, 1);
  assert.is(compareRuns(time(20), time(10), 0.3).regressions.length, 0);
});

bench('a bad median alone is the machine: the best runs must be worse too', () => {
  const before = [rate('ours', 400, { peer: 4 }), rate('peer', 100)];
  const stalled = [{ ...rate('ours', 100, { peer: 1 }), max: 400 }, rate('peer', 100)];
  assert.equal(compareRuns(before, stalled, 0.3).regressions, []);
});

bench('a ratio that is gone is lost only when both of its names were measured', () => {
  const before = [rate('ours', 400, { peer: 4 }), rate('peer', 100)];
  assert.equal(compareRuns(before, [rate('ours', 400), rate('peer', 100)], 0.3).lost, [
    'ours / peer',
  ]);
  assert.equal(compareRuns(before, [rate('ours', 400)], 0.3).lost, []);
});

bench('takes no document but its own', () => {
  const whole = { schema: 'airssys.bench/1', results: [rate('a', 1)] };
  assert.is(parseDocument(JSON.stringify(whole)).length, 1);
  for (const wrong of [null, {}, { ...whole, schema: 'other' }, { ...whole, results: [{}] }]) {
    assert.throws(() => parseDocument(JSON.stringify(wrong)));
  }
});

bench('reads the earlier run before it measures anything', () => {
  assert.is(runBench(['--compare', '/nonexistent/bench.json']).status, 2);
});

bench.run();

function rate(name: string, value: number, ratios?: Record<string, number>): Result {
  const plain = { name, unit: 'calls/s', value, min: value, max: value, runs: 1 } as const;
  return ratios === undefined ? plain : { ...plain, ratio_to: ratios };
}

function raw(name: string, value: number, heldAgainst: readonly string[] = []): RawResult {
  return { name, unit: 'calls/s', heldAgainst, value, min: value, max: value, runs: 1 };
}

function runBench(args: readonly string[]): { status: number | null; stdout: string } {
  const { status, stdout } = spawnSync(process.execPath, ['scripts/bench.ts', ...args], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return { status, stdout };
}
