import { conformance } from './conformance-suite.ts';

// The engine has 64-bit integers as numbers: signed, and rounded beyond 2^53. Its resources have no
// way to be given back but to be forgotten.
conformance('typescript', {
  wideRecord: '0000000000000080ffffffffffffffff0000000000002000',
  dropsLate: true,
});
