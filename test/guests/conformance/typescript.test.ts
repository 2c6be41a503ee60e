import { suite } from 'uvu';
import { conformance } from './conformance-suite.ts';

const test = suite('guests: conformance in typescript');

// The engine has 64-bit integers as numbers: signed, and rounded beyond 2^53. Its resources have no
// way to be given back but to be forgotten.
conformance(test, 'typescript', {
  wideRecord: '0000000000000080ffffffffffffffff0000000000002000',
  dropsLate: true,
});

test.run();
