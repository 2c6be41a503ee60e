import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Metrics, MetricsError } from '../../runtime/monitoring/metrics.ts';

const metrics = suite('monitoring/metrics');

function code(task: () => void): string {
  try {
    task();
  } catch (error) {
    if (error instanceof MetricsError) return error.code;
    throw error;
  }
  return 'nothing thrown';
}

metrics('exposes what was declared, with help and type, and nothing else', async () => {
  const registry = new Metrics();
  const restarts = registry.counter({
    name: 'airssys_controller_restarts_total',
    help: 'Restarts of a controller.',
    labels: ['controller'],
  });
  const depth = registry.gauge({ name: 'airssys_mailbox_bytes', help: 'Bytes that wait.' });
  const latency = registry.histogram(
    { name: 'airssys_call_seconds', help: 'Time of a call.' },
    [0.001, 0.01],
  );
  restarts.add(2, { controller: 'thermostat' });
  restarts.add(-5, { controller: 'thermostat' });
  depth.set(12);
  latency.observe(0.005);
  const text = await registry.expose();
  assert.ok(text.includes('# TYPE airssys_controller_restarts_total counter'));
  assert.ok(text.includes('airssys_controller_restarts_total{controller="thermostat"} 2\n'));
  assert.ok(text.includes('airssys_mailbox_bytes 12\n'));
  assert.ok(text.includes('airssys_call_seconds_bucket{le="0.01"} 1\n'));
  assert.not.match(text, /^(?!#|airssys_|$)/m);
});

metrics('refuses a name without a unit, and a second declaration', () => {
  const registry = new Metrics();
  assert.is(
    code(() => registry.counter({ name: 'airssys_restarts', help: 'Help.' })),
    'METRIC_NAME',
  );
  assert.is(
    code(() => registry.gauge({ name: 'mailbox_bytes', help: 'Help.' })),
    'METRIC_NAME',
  );
  assert.is(
    code(() => registry.histogram({ name: 'airssys_call', help: 'Help.' }, [1])),
    'METRIC_NAME',
  );
  registry.gauge({ name: 'airssys_mailbox_bytes', help: 'Help.' });
  const again = () => registry.gauge({ name: 'airssys_mailbox_bytes', help: 'Help.' });
  assert.is(code(again), 'METRIC_REDEFINED');
});

metrics('a flood of label values is cut off and counted', async () => {
  const registry = new Metrics();
  const counter = registry.counter({
    name: 'airssys_topics_total',
    help: 'Help.',
    labels: ['topic'],
  });
  for (let n = 0; n < 1_200; n += 1) counter.add(1, { topic: `t${n}` });
  counter.add(1, { topic: 't0' });
  const text = await registry.expose();
  assert.is(text.match(/^airssys_topics_total\{/gm)?.length, 1_000);
  assert.ok(text.includes('airssys_topics_total{topic="t0"} 2\n'));
  assert.ok(
    text.includes('airssys_metric_series_refused_total{metric="airssys_topics_total"} 200\n'),
  );
});

metrics('a series that is removed is not reported any more', async () => {
  const registry = new Metrics();
  const gauge = registry.gauge({
    name: 'airssys_mailbox_bytes',
    help: 'Help.',
    labels: ['controller'],
  });
  gauge.set(1, { controller: 'a' });
  gauge.set(2, { controller: 'b' });
  gauge.remove({ controller: 'a' });
  const text = await registry.expose();
  assert.not(text.includes('controller="a"'));
  assert.ok(text.includes('airssys_mailbox_bytes{controller="b"} 2'));
});

metrics.run();
