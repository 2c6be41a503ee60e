import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createSystemClock } from '../../../drivers/clock/system-clock.ts';
import { listenControl } from '../../../runtime/control/server-io.ts';
import { FakeService, STATUS } from '../../control/support/fake-service.ts';

const exitCodes = suite('cli/exit-codes');
const ENTRY = join(import.meta.dirname, '../../../runtime/entry/cli.ts');

/** Runs the program in its own process. */
function runProcess(args: readonly string[]): Promise<{ code: number | null; out: string }> {
  return new Promise(resolve => {
    const child = spawn(process.execPath, [ENTRY, ...args], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let out = '';
    child.stdout.on('data', chunk => {
      out += chunk;
    });
    child.on('close', code => resolve({ code, out }));
  });
}

exitCodes('the program itself ends with 3 when unhealthy and 7 when unreachable', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'airssys-cli-'));
  const path = join(folder, 'control.sock');
  const service = new FakeService();
  const server = await listenControl({
    path,
    mode: 0o600,
    serverName: 'airssys-wasm 0.3.0',
    service,
    clock: createSystemClock(),
    onBreach: () => {},
  });
  try {
    service.status_ = { ...STATUS, verdict: 'failing' };
    const unhealthy = await runProcess(['--socket', path, 'status', '--json']);
    assert.is(unhealthy.code, 3);
    assert.is(JSON.parse(unhealthy.out).verdict, 'failing');
    assert.is((await runProcess(['--socket', join(folder, 'none'), 'status'])).code, 7);
  } finally {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

exitCodes.run();
