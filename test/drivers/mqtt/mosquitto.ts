import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listens, type TestBroker } from './mqtt-cases.ts';

/** Debian installs it where an ordinary user's PATH does not look. */
export const MOSQUITTO_ENV = { PATH: `${process.env.PATH ?? ''}:/usr/sbin:/usr/local/sbin` };

/** Starts Mosquitto in front of a folder of its own; `close` kills it as a power cut does. */
export async function startMosquitto(port: number, settings: string[] = []): Promise<TestBroker> {
  const folder = mkdtempSync(join(tmpdir(), 'mosquitto-'));
  const file = join(folder, 'mosquitto.conf');
  const user = process.getuid?.() === 0 ? ['user root'] : [];
  const access = settings.length === 0 ? ['allow_anonymous true'] : settings;
  writeFileSync(file, [`listener ${port} 127.0.0.1`, ...user, ...access, ''].join('\n'));
  const child: ChildProcess = spawn('mosquitto', ['-c', file], {
    env: MOSQUITTO_ENV,
    stdio: 'ignore',
  });
  const ended = new Promise<void>(resolve => child.once('close', () => resolve()));
  while (!(await listens(port))) {
    if (child.exitCode !== null) throw new Error(`mosquitto ended with ${child.exitCode}`);
    await new Promise(resolve => setTimeout(resolve, 10));
  }
  return {
    close: async () => {
      child.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true });
    },
  };
}
