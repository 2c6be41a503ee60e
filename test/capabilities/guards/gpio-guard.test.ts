import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { applySafeState, guardGpio, safeOutputs } from '../../../capabilities/guards/index.ts';
import { GpioError } from '../../../runtime/ports/gpio.ts';
import { board, codeOf, fakeGateway, grantsOf, lineToAdd } from './fixtures.ts';

const test = suite('capabilities/guards: lines');

test('without a grant every operation is refused, recorded, and nothing reaches the driver', () => {
  const { context, drivers, records, writes, open } = fakeGateway();
  const gpio = guardGpio(drivers.gpio, context([]));
  const tries = [
    () => gpio.read('door'),
    () => gpio.write('heater', 'active'),
    () => gpio.pulse('heater', 'active', 100),
    () => gpio.watch('door', () => {}),
  ];
  for (const one of tries) assert.is(codeOf(one), 'GPIO_DENIED');
  assert.equal(writes, []);
  assert.is(open(), 0);
  assert.equal(
    records.map(({ decision }) => decision),
    tries.map(() => 'deny'),
  );
});

test('the line that a refusal names is accepted and allows the call', () => {
  const calls: readonly (readonly [string, (gpio: ReturnType<typeof guardGpio>) => unknown])[] = [
    ['read', gpio => gpio.read('door')],
    ['read of an output', gpio => gpio.read('heater')],
    ['write', gpio => gpio.write('heater', 'active')],
    ['pulse', gpio => gpio.pulse('heater', 'active', 5)],
    ['watch', gpio => gpio.watch('door', () => {})],
  ];
  for (const [name, call] of calls) {
    const { context, drivers, records } = fakeGateway();
    assert.is(
      codeOf(() => call(guardGpio(drivers.gpio, context([])))),
      'GPIO_DENIED',
      name,
    );
    const line = lineToAdd(records[0]?.reason ?? '');
    assert.is(
      codeOf(() => call(guardGpio(drivers.gpio, context([line])))),
      'ok',
      name,
    );
  }
});

test('a grant for one line or direction says nothing about another', () => {
  const { context, drivers } = fakeGateway();
  const gpio = guardGpio(drivers.gpio, context(['gpio:heater[dir=out]', 'gpio:door[dir=in]']));
  assert.is(
    codeOf(() => gpio.write('heater', 'active')),
    'ok',
  );
  assert.is(
    codeOf(() => gpio.write('pump', 'active')),
    'GPIO_DENIED',
  );
  assert.is(
    codeOf(() => gpio.write('heater2', 'active')),
    'GPIO_DENIED',
  );
  assert.is(
    codeOf(() => gpio.write('heater/../pump', 'active')),
    'GPIO_DENIED',
  );
  assert.is(
    codeOf(() => gpio.write('door', 'active')),
    'GPIO_MODE',
  );
  assert.is(
    codeOf(() => gpio.watch('float', () => {})),
    'GPIO_DENIED',
  );
});

test('a reserved line is denied whatever is granted', () => {
  const { context, drivers, writes } = fakeGateway();
  const gpio = guardGpio(drivers.gpio, context(['gpio:*[dir=out]', 'gpio:watchdog[dir=out]']));
  assert.is(
    codeOf(() => gpio.write('watchdog', 'active')),
    'GPIO_DENIED',
  );
  assert.is(
    codeOf(() => gpio.pulse('watchdog', 'active', 5)),
    'GPIO_DENIED',
  );
  assert.equal(writes, []);
  assert.is(
    codeOf(() => gpio.write('alarm', 'active')),
    'ok',
  );
});

test('changes over the rate are refused with the time to wait, but never the way to safety', () => {
  const { context, drivers, clock, states } = fakeGateway();
  const gpio = guardGpio(
    drivers.gpio,
    context(['gpio:heater[dir=out,max-toggle=2/s,safe=inactive]']),
  );
  gpio.write('heater', 'active');
  gpio.write('heater', 'active');
  gpio.write('heater', 'inactive');
  const refused = () => gpio.write('heater', 'active');
  try {
    refused();
    assert.unreachable('written');
  } catch (error) {
    assert.instance(error, GpioError);
    if (!(error instanceof GpioError)) return;
    assert.is(error.code, 'GPIO_RATE');
    clock.advance(error.retryMs - 1);
    assert.is(codeOf(refused), 'GPIO_RATE');
    clock.advance(1);
    assert.is(codeOf(refused), 'ok');
  }
  assert.is(
    codeOf(() => gpio.write('heater', 'inactive')),
    'ok',
  );
  assert.is(states.get('heater'), 'inactive');
});

test('a restart does not refill what a controller used up', () => {
  const { context, drivers } = fakeGateway();
  const grants = ['gpio:alarm[dir=out,max-toggle=1/min]'];
  const first = context(grants);
  guardGpio(drivers.gpio, first).write('alarm', 'active');
  first.close();
  const second = guardGpio(drivers.gpio, context(grants));
  assert.is(
    codeOf(() => second.write('alarm', 'inactive')),
    'GPIO_RATE',
  );
});

test('the ceiling of the gateway holds over all controllers', () => {
  const rate = (count: number) => ({ count, periodMs: 1_000, burst: count });
  const wide = { controller: rate(100), gateway: rate(100) };
  const { context, drivers } = fakeGateway({
    'gpio.write': { controller: rate(2), gateway: rate(3) },
    'serial.bytes': wide,
    'mqtt.publish': wide,
    'kv.write': wide,
  });
  const one = guardGpio(drivers.gpio, context(['gpio:alarm[dir=out]'], 'one'));
  const other = guardGpio(drivers.gpio, context(['gpio:alarm[dir=out]'], 'other'));
  const codes = [one, one, one, other, other].map(gpio =>
    codeOf(() => gpio.write('alarm', 'active')),
  );
  assert.equal(codes, ['ok', 'ok', 'GPIO_RATE', 'ok', 'GPIO_RATE']);
});

test('minimum times hold, and a failed write gives its reservation back', () => {
  const { context, drivers, clock, fault } = fakeGateway();
  const grant = 'gpio:heater[dir=out,max-toggle=2/h,min-off=60s,min-on=10s]';
  const gpio = guardGpio(drivers.gpio, context([grant]));
  assert.is(
    codeOf(() => gpio.write('heater', 'active')),
    'GPIO_RATE',
  );
  clock.advance(60_000);
  fault.gpio = new GpioError('GPIO_HARDWARE', '/dev/gpiochip0 is gone');
  assert.is(
    codeOf(() => gpio.write('heater', 'active')),
    'GPIO_HARDWARE',
  );
  assert.is(
    codeOf(() => gpio.write('heater', 'active')),
    'GPIO_HARDWARE',
  );
  fault.gpio = null;
  assert.is(
    codeOf(() => gpio.write('heater', 'active')),
    'ok',
  );
  clock.advance(9_999);
  assert.is(
    codeOf(() => gpio.write('heater', 'inactive')),
    'GPIO_RATE',
  );
  clock.advance(1);
  assert.is(
    codeOf(() => gpio.write('heater', 'inactive')),
    'ok',
  );
});

test('an exclusive line belongs to one controller until it ends', () => {
  const { context, drivers } = fakeGateway();
  const owner = context(['gpio:heater[dir=out,exclusive]'], 'owner');
  const other = guardGpio(drivers.gpio, context(['gpio:heater[dir=out]'], 'other'));
  assert.is(
    codeOf(() => other.write('heater', 'active')),
    'GPIO_IN_USE',
  );
  assert.is(
    codeOf(() => guardGpio(drivers.gpio, owner).write('heater', 'active')),
    'ok',
  );
  owner.close();
  assert.is(
    codeOf(() => other.write('heater', 'inactive')),
    'ok',
  );
});

test('a pulse goes back by itself, unless the line was written, and at the end at once', () => {
  const { context, drivers, clock, writes } = fakeGateway();
  const instance = context(['gpio:heater[dir=out]']);
  const gpio = guardGpio(drivers.gpio, instance);
  for (const duration of [0, 60_001, Number.NaN]) {
    assert.is(
      codeOf(() => gpio.pulse('heater', 'active', duration)),
      'GPIO_QUOTA',
    );
  }
  gpio.pulse('heater', 'active', 100);
  clock.advance(99);
  assert.equal(writes, ['heater=active']);
  clock.advance(1);
  assert.equal(writes.splice(0), ['heater=active', 'heater=inactive']);
  gpio.pulse('heater', 'active', 100);
  gpio.write('heater', 'active');
  assert.is(clock.waiting, 0);
  clock.advance(1_000);
  assert.equal(writes.splice(0), ['heater=active', 'heater=active']);
  gpio.pulse('heater', 'active', 100);
  clock.advance(50);
  gpio.pulse('heater', 'active', 100);
  clock.advance(50);
  assert.equal(writes.splice(0), ['heater=active', 'heater=active']);
  instance.close();
  assert.equal(writes, ['heater=inactive']);
  assert.is(clock.waiting, 0);
});

test('a flood of pulses leaves one timer a line', () => {
  const { context, drivers, clock } = fakeGateway();
  const instance = context(['gpio:heater[dir=out]']);
  const gpio = guardGpio(drivers.gpio, instance);
  for (let index = 0; index < 400; index += 1) gpio.pulse('heater', 'active', 60_000);
  assert.is(clock.waiting, 1);
  assert.is(instance.open.size, 1);
});

test('only granted edges are delivered, without holes in their numbers', () => {
  const { context, drivers, edge } = fakeGateway();
  const gpio = guardGpio(drivers.gpio, context(['gpio:door[dir=in,edges=rising]']));
  const seen: string[] = [];
  const watch = gpio.watch('door', event => seen.push(`${event.edge} ${event.sequence}`));
  for (const [index, one] of (['rising', 'falling', 'rising', 'falling'] as const).entries()) {
    edge('door', one, BigInt(index + 1));
  }
  watch.stop();
  watch.stop();
  edge('door', 'rising', 5n);
  assert.equal(seen, ['rising 1', 'rising 2']);
  const none = guardGpio(drivers.gpio, context(['gpio:door[dir=in,edges=none]']));
  assert.is(
    codeOf(() => none.watch('door', () => {})),
    'GPIO_DENIED',
  );
  assert.is(
    codeOf(() => none.read('door')),
    'ok',
  );
});

test('after the end nothing is allowed and nothing is open', () => {
  const { context, drivers, open, edge } = fakeGateway();
  const instance = context(['gpio:*[dir=in]', 'gpio:*[dir=out]']);
  const gpio = guardGpio(drivers.gpio, instance);
  gpio.write('heater', 'active');
  gpio.watch('door', () => assert.unreachable('delivered'));
  instance.close();
  instance.close();
  assert.is(open(), 0);
  edge('door', 'rising', 1n);
  assert.is(
    codeOf(() => gpio.write('heater', 'active')),
    'GPIO_DENIED',
  );
  assert.is(
    codeOf(() => gpio.watch('door', () => {})),
    'GPIO_DENIED',
  );
});

test('safe state drives every output that the grants name, also when one fails', () => {
  const { gateway, drivers, writes, records, fault } = fakeGateway();
  const outputs = safeOutputs(grantsOf(['gpio:*[dir=out]', 'gpio:door[dir=in]']), board);
  const parts = { actor: 'thermostat', outputs, gpio: drivers.gpio, ...gateway };
  assert.equal(applySafeState(parts), []);
  assert.equal(writes.splice(0), ['heater=inactive', 'pump=inactive', 'fan=active']);
  assert.equal(
    records.map(({ action, resource }) => `${action} ${resource}`),
    ['heater', 'pump', 'fan'].map(label => `gpio.safe-state ${label}`),
  );
  fault.gpio = new GpioError('GPIO_HARDWARE', 'gone');
  const failures = applySafeState(parts);
  assert.equal(
    failures.map(({ label }) => label),
    ['heater', 'pump', 'fan'],
  );
});

test('safe state yields to the minimum time off, not to the minimum time on', () => {
  const { gateway, drivers, writes, clock } = fakeGateway();
  const grants = grantsOf([
    'gpio:fan[dir=out,min-off=10s,safe=active]',
    'gpio:heater[dir=out,min-on=10s,safe=inactive]',
  ]);
  const { lines } = gateway;
  clock.advance(60_000);
  lines.wrote('heater', 'active', clock.monotonicMs());
  lines.wrote('fan', 'active', clock.monotonicMs());
  lines.wrote('fan', 'inactive', clock.monotonicMs());
  const outputs = safeOutputs(grants, board);
  applySafeState({ actor: 'thermostat', outputs, gpio: drivers.gpio, ...gateway });
  assert.equal(writes, ['heater=inactive']);
  clock.advance(10_000);
  assert.equal(writes, ['heater=inactive', 'fan=active']);
});

test.run();
