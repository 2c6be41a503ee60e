import { suite } from 'uvu';
import { standardLibrary } from './standard-suite.ts';

const test = suite('guests: the standard library of rust');

standardLibrary(test, 'rust', {
  atStart: [],
  // An Instant shows only as a distance, here from itself.
  clocks: 'steady 0 wall 1700000000123',
  panic: /^stderr: thread '<unnamed>' panicked at 'on purpose', guest\.rs:\d+/,
  random: /^stdout: random \d+$/,
});

test.run();
