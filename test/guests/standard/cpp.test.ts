import { standardLibrary } from './standard-suite.ts';

standardLibrary('cpp', {
  atStart: ['stdout: constructed'],
  clocks: 'steady 5000000007 wall 1700000000123',
  random: /^stdout: random 16843009$/,
});
