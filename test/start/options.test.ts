import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readStartRequest } from '../../scripts/start/options.ts';

const test = suite('start options');

test('without arguments it runs on any free port until it is stopped', () => {
  const options = { port: 0, runsMs: null, verbose: false };
  assert.equal(readStartRequest([]), { kind: 'run', options });
});

test('port, seconds and verbose are read', () => {
  const options = { port: 1883, runsMs: 5_000, verbose: true };
  const request = readStartRequest(['--port', '1883', '--seconds', '5', '-v']);
  assert.equal(request, { kind: 'run', options });
});

test('help is asked for', () => {
  assert.equal(readStartRequest(['--help']), { kind: 'help' });
  assert.equal(readStartRequest(['-h']), { kind: 'help' });
});

test('what is no number, no port or no option is wrong', () => {
  for (const args of [
    ['--seconds', 'foo'],
    ['--seconds', '0'],
    ['--seconds', '1e9'],
    ['--port', '70000'],
    ['--port', '-1'],
    ['--nosuch'],
    ['word'],
  ]) {
    assert.is(readStartRequest(args).kind, 'wrong', args.join(' '));
  }
});

test.run();
