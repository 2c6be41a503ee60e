/** Arbitrary grants over small alphabets, so that they often have something in common. */
import fc from 'fast-check';
import type { Grant } from '../../../capabilities/grammar/index.ts';
import { parseGrant } from '../../../capabilities/grammar/index.ts';

const flag = (text: string) => fc.constantFrom('', text);
const rate = fc.constantFrom('1/s', '2/s', '60/min', '100/min', '10/h', '3/700ms');
const optional = (name: string, value: fc.Arbitrary<string>) =>
  fc.option(value, { nil: '' }).map(text => (text === '' ? '' : `${name}${text}`));

function written(resource: fc.Arbitrary<string>, ...attributes: fc.Arbitrary<string>[]) {
  return fc
    .tuple(resource, ...attributes)
    .map(([name, ...list]) => `${name}[${list.filter(text => text !== '').join(',')}]`);
}

export const anyLabelGlob = fc.constantFrom('a', 'b', '*', 'a/b', 'a/*', '*/b', '*/*');

/** Filters that the parser accepts, over two level names, both wildcards and `$`. */
export const anyFilter = fc
  .tuple(
    fc.constantFrom('', '$share/g/', '$share/h/'),
    fc.array(fc.constantFrom('a', 'b', '+', ''), { minLength: 1, maxLength: 3 }),
    fc.constantFrom('', '', '/#'),
    fc.constantFrom('', '', '$SYS/'),
  )
  .map(([share, levels, rest, system]) => `${share}${system}${levels.join('/')}${rest}`)
  .filter(filter => !/^(\$share\/.\/)?$/.test(filter))
  .chain(filter => fc.constantFrom(filter, filter, '#'));

export const anyGpio = fc.oneof(
  written(
    anyLabelGlob.map(label => `gpio:${label}`),
    fc.constant('dir=in'),
    optional('edges=', fc.constantFrom('none', 'rising', 'falling', 'both')),
    flag('exclusive'),
  ),
  written(
    anyLabelGlob.map(label => `gpio:${label}`),
    fc.constant('dir=out'),
    optional('safe=', fc.constantFrom('inactive', 'hold', 'active')),
    optional('max-toggle=', rate),
    optional('min-on=', fc.constantFrom('10ms', '2s')),
    optional('min-off=', fc.constantFrom('10ms', '2s')),
    flag('exclusive'),
  ),
);

const anySerial = fc.oneof(
  fc.constantFrom('serial:a[mode=r]', 'serial:b[mode=r]'),
  written(
    fc.constantFrom('serial:a', 'serial:b'),
    fc.constantFrom('mode=w', 'mode=rw'),
    optional('max-bytes=', rate),
  ),
);

const anyMqtt = fc.oneof(
  written(
    anyFilter.map(filter => `mqtt:m/${filter}`),
    fc.constant('sub'),
    optional('qos<=', fc.constantFrom('0', '1')),
    optional('max-payload=', fc.constantFrom('1KiB', '64KiB', '1MiB')),
  ),
  written(
    anyFilter.filter(filter => !filter.startsWith('$share')).map(filter => `mqtt:m/${filter}`),
    fc.constant('pub'),
    flag('sub'),
    optional('qos<=', fc.constantFrom('0', '1')),
    optional('max-payload=', fc.constantFrom('1KiB', '64KiB', '1MiB')),
    flag('retain=yes'),
    fc.constantFrom('', 'rate=1/s', 'rate=2/s,burst=8', 'rate=60/min', 'rate=60/min,burst=1'),
  ),
);

const anyKv = written(
  fc.constantFrom('kv:n/a', 'kv:n/*', 'kv:n/a/*', 'kv:n/*/b', 'kv:n/*/*', 'kv:o/*'),
  fc.constantFrom('r', 'w', 'rw'),
  optional('quota=', fc.constantFrom('1KiB', '256KiB', '1MiB')),
  optional('keys<=', fc.constantFrom('1', '500', '900')),
);

const anyLimit = fc.constantFrom(
  'time:tick',
  'time:tick[>=100ms]',
  'time:tick[>=1s]',
  'mem:1MiB',
  'mem:8MiB',
  'cpu:call[<=250ms]',
  'cpu:call[<=1s]',
);

/** Any grant of any class. */
export const anyGrant: fc.Arbitrary<Grant> = fc
  .oneof(anyGpio, anySerial, anyMqtt, anyKv, anyLimit)
  .map(text => parseGrant(text));
