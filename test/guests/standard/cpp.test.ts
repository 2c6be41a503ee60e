import { suite } from 'uvu';
import { standardLibrary } from './standard-suite.ts';

const test = suite('guests: the standard library of cpp');

standardLibrary(test, 'cpp', {
  atStart: ['stdout: constructed'],
  clocks: 'steady 5000000007 wall 1700000000123',
  random: /^stdout: random 16843009$/,
});

test.run();
