import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createLog, guestLevel } from '../../runtime/monitoring/log.ts';
import { LogRing } from '../../runtime/monitoring/log-ring.ts';
import { createLineSink } from '../../runtime/monitoring/log-stderr-io.ts';
import type { LogLevel, LogRecord } from '../../runtime/ports/log.ts';
import { ManualClock } from '../actors/support/manual-clock.ts';

const logs = suite('monitoring/log');

function line(n: number, change: Partial<LogRecord> = {}): LogRecord {
  return { wallMs: n, level: 'info', source: 'gateway', message: `line ${n}`, ...change };
}

logs('the ring forgets the oldest lines at either bound, and numbers go on', () => {
  const byCount = new LogRing({ recordsMax: 3, bytesMax: 100_000 });
  for (let n = 1; n <= 500; n += 1) byCount.append(line(n));
  assert.equal(
    byCount.query({}, 10).map(record => record.sequence),
    [498, 499, 500],
  );
  const byBytes = new LogRing({ recordsMax: 1_000, bytesMax: 1_000 });
  for (let n = 1; n <= 500; n += 1) {
    byBytes.append(line(n));
    assert.ok(byBytes.bytes <= 1_000);
  }
  assert.ok(byBytes.size > 1 && byBytes.size < 10);
  byBytes.append(line(501, { message: 'x'.repeat(5_000) }));
  assert.is(byBytes.size, 0);
  assert.is(byBytes.bytes, 0);
});

logs('a query finds by controller, level, time and number; the newest win', () => {
  const ring = new LogRing({ recordsMax: 100, bytesMax: 100_000 });
  ring.append(line(1, { source: 'controller/thermostat' }));
  ring.append(line(2, { fields: { controller: 'thermostat' }, level: 'warn' }));
  ring.append(line(3, { source: 'controller/pump-guard', level: 'error' }));
  ring.append(line(4));
  const found = (...query: Parameters<LogRing['query']>) =>
    ring.query(...query).map(record => record.sequence);
  assert.equal(found({ controller: 'thermostat' }, 10), [1, 2]);
  assert.equal(found({ levelMin: 'warn' }, 10), [2, 3]);
  assert.equal(found({ sinceWallMs: 3 }, 10), [3, 4]);
  assert.equal(found({ afterSequence: 2 }, 10), [3, 4]);
  assert.equal(found({}, 2), [3, 4]);
});

logs('who follows hears every further line that passes the filter, until it stops', () => {
  const ring = new LogRing({ recordsMax: 2, bytesMax: 100_000 });
  const heard: number[] = [];
  const following = ring.follow({ levelMin: 'warn' }, record => heard.push(record.sequence));
  ring.append(line(1));
  ring.append(line(2, { level: 'error' }));
  following.stop();
  ring.append(line(3, { level: 'error' }));
  assert.equal(heard, [2]);
});

logs('lines are bounded, on one line, well-formed, and a failing sink disturbs nobody', () => {
  const records: LogRecord[] = [];
  const broken = () => {
    throw new Error('full');
  };
  const log = createLog(new ManualClock(), [broken, record => records.push(record)]);
  const message = `a\u001b[2Jb\r\nc\ud800${'x'.repeat(10_000)}`;
  log.write('warn', 'controller/x', message, { code: 'Y\n', big: 'z'.repeat(9_999), n: 1 });
  const record = records[0];
  assert.ok(record);
  assert.is(record.message.length, 4_095);
  assert.ok(record.message.startsWith('a [2Jb c\ufffdx'));
  assert.is(record.fields?.code, 'Y ');
  assert.is(String(record.fields?.big).length, 512);
  assert.is(record.fields?.n, 1);
});

logs('each form of a line fits its reader', () => {
  const written: string[] = [];
  const destination = { write: (text: string) => written.push(text) };
  const record = line(0, { level: 'error', fields: { code: 'KV_IO', token: 'abc' } });
  const levels: LogLevel[] = ['critical', 'error', 'warn', 'info', 'debug', 'trace'];
  const journald = createLineSink(destination, 'journald', 'trace');
  for (const level of levels) journald({ ...record, level });
  assert.equal(
    written.map(text => text.slice(0, 3)),
    ['<2>', '<3>', '<4>', '<6>', '<7>', '<7>'],
  );
  written.length = 0;
  createLineSink(destination, 'json', 'trace')(record);
  assert.equal(JSON.parse(written[0] ?? ''), {
    level: 'error',
    time: '1970-01-01T00:00:00.000Z',
    source: 'gateway',
    fields: { code: 'KV_IO', token: '[redacted]' },
    msg: 'line 0',
  });
  assert.ok(written[0]?.endsWith('}\n'));
  written.length = 0;
  createLineSink(destination, 'human', 'trace')(record);
  assert.is(written[0], '00:00:00.000 error    gateway      line 0 code=KV_IO token=abc\n');
  createLineSink(destination, 'human', 'critical')(record);
  assert.is(written.length, 1);
});

logs('an unknown level of a guest is info', () => {
  assert.equal(['critical', 'warn', 'loud'].map(guestLevel), ['critical', 'warn', 'info']);
});

logs.run();
