import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  formatGrant,
  GrammarError,
  limitsOf,
  parseGrant,
} from '../../../capabilities/grammar/index.ts';
import { errorCode } from '../../../runtime/base/errors.ts';
import { anyGrant } from './grants.ts';

const test = suite('capabilities/grammar: parse and format');

const refused: readonly (readonly [text: string, code: string])[] = [
  ['', 'GRANT_SYNTAX'],
  ['gpio', 'GRANT_SYNTAX'],
  ['gpio:', 'GRANT_SYNTAX'],
  ['gpio:heater[dir=out', 'GRANT_SYNTAX'],
  ['gpio:heater[dir=out]]', 'GRANT_SYNTAX'],
  ['gpio:heater[dir=out]x', 'GRANT_SYNTAX'],
  ['gpio:heater[dir=out,]', 'GRANT_SYNTAX'],
  ['gpio:heater[dir<=out]', 'GRANT_SYNTAX'],
  ['gpio:heater[dir]', 'GRANT_SYNTAX'],
  ['http:example.com[methods=GET]', 'GRANT_CLASS'],
  ['GPIO:heater[dir=out]', 'GRANT_SYNTAX'],
  ['gpio:heater[dir=out,colour=red]', 'GRANT_ATTRIBUTE'],
  ['gpio:heater[dir=out,dir=in]', 'GRANT_DUPLICATE'],
  ['gpio:heater[dir=both]', 'GRANT_VALUE'],
  ['gpio:heater', 'GRANT_MISSING'],
  ['gpio:heater[dir=in,safe=inactive]', 'GRANT_CONFLICT'],
  ['gpio:heater[dir=out,edges=both]', 'GRANT_CONFLICT'],
  ['gpio:re*[dir=out]', 'GRANT_RESOURCE'],
  ['gpio:**[dir=out]', 'GRANT_RESOURCE'],
  ['gpio:../gpiochip0[dir=out]', 'GRANT_RESOURCE'],
  ['gpio:/dev/gpiochip0[dir=out]', 'GRANT_RESOURCE'],
  ['gpio:heater[dir=out,max-toggle=0/s]', 'GRANT_VALUE'],
  ['gpio:heater[dir=out,max-toggle=10]', 'GRANT_VALUE'],
  ['gpio:heater[dir=out,max-toggle=010/s]', 'GRANT_VALUE'],
  ['gpio:heater[dir=out,max-toggle=1e3/s]', 'GRANT_VALUE'],
  ['gpio:heater[dir=out,min-on=30]', 'GRANT_VALUE'],
  ['gpio:heater[dir=out,min-on=-1s]', 'GRANT_VALUE'],
  ['gpio:heater[dir=out,min-on=9999999999h]', 'GRANT_VALUE'],
  ['serial:meter', 'GRANT_MISSING'],
  ['serial:*[mode=r]', 'GRANT_RESOURCE'],
  ['serial:meter[mode=r,framing=slip]', 'GRANT_VALUE'],
  ['serial:meter[mode=r,max-bytes=10/s]', 'GRANT_CONFLICT'],
  ['serial:meter[mode=r,baud<=9600]', 'GRANT_ATTRIBUTE'],
  ['mqtt:main[pub]', 'GRANT_RESOURCE'],
  ['mqtt:/a[pub]', 'GRANT_RESOURCE'],
  ['mqtt:main/a', 'GRANT_MISSING'],
  ['mqtt:main/a+[pub]', 'GRANT_RESOURCE'],
  ['mqtt:main/a/#/b[sub]', 'GRANT_RESOURCE'],
  ['mqtt:main/a#[sub]', 'GRANT_RESOURCE'],
  ['mqtt:main/$share/g[sub]', 'GRANT_RESOURCE'],
  ['mqtt:main/$share/g/a[pub]', 'GRANT_CONFLICT'],
  ['mqtt:main/a b[pub]', 'GRANT_RESOURCE'],
  ['mqtt:main/a[pub,qos<=2]', 'GRANT_VALUE'],
  ['mqtt:main/a[pub,max-payload=2MiB]', 'GRANT_VALUE'],
  ['mqtt:main/a[pub,burst=4]', 'GRANT_CONFLICT'],
  ['mqtt:main/a[sub,rate=4/s]', 'GRANT_CONFLICT'],
  ['kv:state', 'GRANT_RESOURCE'],
  ['kv:state/*', 'GRANT_MISSING'],
  ['kv:state/*[r,w]', 'GRANT_CONFLICT'],
  ['kv:state/a/../b[r]', 'GRANT_RESOURCE'],
  ['kv:state//b[r]', 'GRANT_RESOURCE'],
  ['kv:state/a*[r]', 'GRANT_RESOURCE'],
  ['kv:*/a[r]', 'GRANT_RESOURCE'],
  ['kv:state/*[rw,quota=65MiB]', 'GRANT_VALUE'],
  ['kv:state/*[rw,keys<=10001]', 'GRANT_VALUE'],
  ['time:tock', 'GRANT_RESOURCE'],
  ['time:tick[<=100ms]', 'GRANT_SYNTAX'],
  ['mem:8MB', 'GRANT_VALUE'],
  ['mem:65KiB', 'GRANT_VALUE'],
  ['mem:8MiB[pages=1]', 'GRANT_ATTRIBUTE'],
  ['mem:5GiB', 'GRANT_VALUE'],
  ['cpu:call', 'GRANT_MISSING'],
  ['cpu:call[<=2min]', 'GRANT_VALUE'],
  [`kv:state/${'x'.repeat(1_100)}[r]`, 'GRANT_TOO_LONG'],
];

test('what is not a grant is refused with its code', () => {
  for (const [text, code] of refused) {
    try {
      parseGrant(text);
      assert.unreachable(`accepted ${text}`);
    } catch (error) {
      assert.instance(error, GrammarError);
      assert.is(errorCode(error), code, text);
    }
  }
});

test('accepted text becomes canonical', () => {
  const cases: readonly (readonly [string, string])[] = [
    [
      'gpio:heater[safe=inactive, dir=out, min-on=60s]',
      'gpio:heater[dir=out,min-on=1min,safe=inactive]',
    ],
    ['gpio:float-low[dir=in,edges=both]', 'gpio:float-low[dir=in]'],
    [
      'serial:meter[mode=rw,max-bytes=4096/1000ms,framing=line]',
      'serial:meter[max-bytes=4096/s,mode=rw]',
    ],
    ['mqtt:main/site/setpoint[sub,qos<=1]', 'mqtt:main/site/setpoint[sub]'],
    ['mqtt:main/+/#[sub]', 'mqtt:main/#[sub]'],
    ['mqtt:main/$share/g/+/#[sub]', 'mqtt:main/$share/g/#[sub]'],
    [
      'mqtt:main/t[pub,rate=20/s,burst=20,max-payload=8192B,retain=no]',
      'mqtt:main/t[max-payload=8KiB,pub,rate=20/s]',
    ],
    ['kv:thermostat/*[rw,quota=256KiB,keys<=500]', 'kv:thermostat/*[rw]'],
    ['time:tick[>=100ms]', 'time:tick[>=100ms]'],
    ['time:tick[>=1ms]', 'time:tick'],
    ['mem:8192KiB', 'mem:8MiB'],
    ['cpu:call[<=250ms]', 'cpu:call[<=250ms]'],
  ];
  for (const [text, canonical] of cases) assert.is(formatGrant(parseGrant(text)), canonical);
});

test('parsing what was formatted gives the same grant', () => {
  fc.assert(
    fc.property(anyGrant, grant => {
      assert.equal(parseGrant(formatGrant(grant)), grant);
    }),
    { numRuns: 600 },
  );
});

test('any text is a grant or a coded error', () => {
  const text = fc.oneof(
    fc.string(),
    anyGrant.chain(grant => {
      const written = formatGrant(grant);
      return fc
        .tuple(fc.nat(written.length), fc.nat(3), fc.string({ maxLength: 3 }))
        .map(([at, cut, put]) => written.slice(0, at) + put + written.slice(at + cut));
    }),
  );
  fc.assert(
    fc.property(text, written => {
      try {
        const grant = parseGrant(written);
        assert.equal(parseGrant(formatGrant(grant)), grant);
      } catch (error) {
        assert.instance(error, GrammarError);
      }
    }),
    { numRuns: 1_200 },
  );
});

test('memory and the deadline are mandatory', () => {
  const both = [parseGrant('mem:8MiB'), parseGrant('cpu:call[<=250ms]')];
  assert.equal(limitsOf(both), { memoryBytesMax: 8 * 2 ** 20, callDeadlineMs: 250 });
  for (const one of both) {
    assert.throws(
      () => limitsOf([one]),
      (error: unknown) => errorCode(error) === 'GRANT_MISSING',
    );
  }
});

test.run();
