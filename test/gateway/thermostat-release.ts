import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PrivateKey } from '../../runtime/signing/ed25519.ts';
import { buildGuests } from '../../scripts/guests.ts';
import { signReleaseText } from '../../scripts/start/site.ts';

const EXAMPLE = join(import.meta.dirname, '../../firmware-manifests/examples/release.toml');

/**
 * Returns the example release, signed, with minimum times and intervals that a test can wait for.
 * The minimum times are `MIN_SWITCH_MS`.
 */
export async function exampleRelease(key: PrivateKey): Promise<Uint8Array> {
  await buildGuests(['thermostat', 'pump-guard']);
  const text = (await readFile(EXAMPLE, 'utf8'))
    .replace(/(min-o(?:n|ff)-ms) = "\d+"/g, `$1 = "${MIN_SWITCH_MS}"`)
    .replace('telemetry-interval-ms = "5000"', 'telemetry-interval-ms = "200"');
  return signReleaseText(text, EXAMPLE, key);
}

/** How long the heater stays as it is at least. */
export const MIN_SWITCH_MS = 1_000;

/** Where the thermostat reports. */
export const TELEMETRY_TOPIC = 'site/telemetry/thermostat';
