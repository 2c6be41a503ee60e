/**
 * `node scripts/bench-plot.ts BENCH.json FOLDER`: draws the curves of a benchmark document as SVG:
 * calls a second against the payload, and time a call against instances. The best run of each
 * point is drawn.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from './bench/compare.ts';
import { type Curve, curveSvg, pointsOf } from './bench/curve-svg.ts';

const [, , file, folder] = process.argv;
process.exitCode = main();

function main(): number {
  if (file === undefined || folder === undefined) {
    process.stderr.write('Usage: node scripts/bench-plot.ts BENCH.json FOLDER\n');
    return 2;
  }
  const results = parseDocument(readFileSync(file, 'utf8'));
  const curves: readonly (readonly [name: string, curve: Curve])[] = [
    [
      'calls-by-payload.svg',
      {
        title: 'Calls a second against payload, one instance, coalesced',
        x: 'payload in bytes',
        y: 'calls/s',
        points: pointsOf(results, /^payload\.c\.(\d+)B$/, rate => rate),
      },
    ],
    [
      'cost-by-instances.svg',
      {
        title: 'Time a call against instances, 64 B, 128 calls in flight over all',
        x: 'instances',
        y: 'us a call',
        points: pointsOf(results, /^instances\.c\.(\d+)$/, rate => 1e6 / rate),
      },
    ],
  ];
  for (const [name, curve] of curves) {
    if (curve.points.length < 2) {
      process.stderr.write(`${file} has no points for ${name}\n`);
      return 1;
    }
    writeFileSync(join(folder, name), curveSvg(curve));
  }
  return 0;
}
