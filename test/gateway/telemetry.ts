import * as v from 'valibot';
import type { GatewayUnderTest } from './gateway-under-test.ts';
import { until } from './gateway-under-test.ts';
import { TELEMETRY_TOPIC } from './thermostat-release.ts';

const reportSchema = v.object({
  temperature: v.nullable(v.number()),
  setpoint: v.number(),
  heater: v.boolean(),
  uptimeS: v.number(),
  badLines: v.number(),
});

/** What the thermostat publishes. */
export type TelemetryReport = v.InferOutput<typeof reportSchema>;

/** The thermostat's reports as they arrive at the broker. */
export interface Telemetry {
  /** Waits for a report that arrives after this call. */
  next(): Promise<TelemetryReport>;
  /** Waits for a report that passes. */
  until(passes: (report: TelemetryReport) => boolean): Promise<TelemetryReport>;
  /** Drops what has arrived so far. */
  forget(): void;
}

/** Subscribes to the telemetry; a report that is not as it should be fails the wait. */
export async function listenToTelemetry(gateway: GatewayUnderTest): Promise<Telemetry> {
  const reports: TelemetryReport[] = [];
  const mqtt = await gateway.mqtt();
  mqtt.on('message', (topic, payload) => {
    if (topic !== TELEMETRY_TOPIC) return;
    reports.push(v.parse(reportSchema, JSON.parse(payload.toString('utf8'))));
  });
  await mqtt.subscribeAsync(TELEMETRY_TOPIC);
  const wait = (passes: (report: TelemetryReport) => boolean) =>
    until('a report arrives', async () => reports.find(passes) ?? null);
  return {
    next: () => {
      reports.length = 0;
      return wait(() => true);
    },
    until: wait,
    forget: () => {
      reports.length = 0;
    },
  };
}
