import type { StatusReport } from '../control/reports.ts';
import { Metrics } from '../monitoring/metrics.ts';
import { type GatewayPicture, statusReport } from './status-report.ts';

/** Source of the Prometheus text. */
export interface MetricSource {
  expose(): Promise<string>;
}

/** Declares the gateway's metrics; their values are taken from a status when they are asked for. */
export function createMetrics(picture: () => GatewayPicture): MetricSource {
  const metrics = new Metrics();
  const controller = ['controller'] as const;
  const state = metrics.gauge({
    name: 'airssys_controller_running_state',
    help: '1 while the controller runs.',
    labels: controller,
  });
  const restarts = metrics.gauge({
    name: 'airssys_controller_restarts_count',
    help: 'Restarts of the controller since its release was started.',
    labels: controller,
  });
  const waiting = metrics.gauge({
    name: 'airssys_controller_waiting_messages_count',
    help: 'Messages in the mailbox.',
    labels: controller,
  });
  const handled = metrics.gauge({
    name: 'airssys_controller_handled_messages_count',
    help: 'Messages handled since the release was started.',
    labels: controller,
  });
  const lost = metrics.gauge({
    name: 'airssys_controller_lost_messages_count',
    help: 'Messages dropped, failed or refused since the release was started.',
    labels: controller,
  });
  const memory = metrics.gauge({
    name: 'airssys_controller_memory_bytes',
    help: 'Linear memory of the running instance.',
    labels: controller,
  });
  const hostStarts = metrics.gauge({
    name: 'airssys_host_starts_count',
    help: 'Starts of component-host since the gateway was started.',
  });
  const uptime = metrics.gauge({
    name: 'airssys_gateway_uptime_seconds',
    help: 'Time since the gateway was started.',
  });
  const setLink = linkGauges(metrics);
  let known = new Set<string>();

  function refresh(): void {
    const report = statusReport(picture());
    for (const one of report.controllers) {
      const label = { controller: one.name };
      state.set(one.state === 'running' ? 1 : 0, label);
      restarts.set(one.restarts, label);
      waiting.set(one.waiting, label);
      handled.set(one.handled, label);
      lost.set(one.lost, label);
      memory.set(one.memoryBytes ?? 0, label);
    }
    const present = new Set(report.controllers.map(({ name }) => name));
    for (const gone of known) {
      if (present.has(gone)) continue;
      for (const gauge of [state, restarts, waiting, handled, lost, memory]) {
        gauge.remove({ controller: gone });
      }
    }
    known = present;
    hostStarts.set(report.host.starts);
    uptime.set(report.uptimeMs / 1_000);
    for (const link of report.mqtt) setLink(link);
  }

  return {
    expose: () => {
      refresh();
      return metrics.expose();
    },
  };
}

/** Declares what there is to say of a broker connection; returns what sets it. */
function linkGauges(metrics: Metrics): (link: StatusReport['mqtt'][number]) => void {
  const connected = metrics.gauge({
    name: 'airssys_mqtt_connected_state',
    help: '1 while the broker is connected.',
    labels: ['connection'],
  });
  const dropped = metrics.gauge({
    name: 'airssys_mqtt_dropped_messages_count',
    help: 'Messages since the gateway was started that gave way in a full queue.',
    labels: ['connection'],
  });
  const refused = metrics.gauge({
    name: 'airssys_mqtt_refused_messages_count',
    help: 'Messages since the gateway was started that a full queue did not take.',
    labels: ['connection'],
  });
  return link => {
    const label = { connection: link.connection };
    connected.set(link.connected ? 1 : 0, label);
    dropped.set(link.dropped, label);
    refused.set(link.refused, label);
  };
}
