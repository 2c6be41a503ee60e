import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as v from 'valibot';
import { createSystemClock } from '../../drivers/clock/system-clock.ts';
import { errorCode } from '../../runtime/base/errors.ts';
import { ControlClient } from '../../runtime/control/client-io.ts';
import { encodeBytes, encodeJson, FrameReader } from '../../runtime/control/frames.ts';
import { installedSchema, statusSchema } from '../../runtime/control/reports.ts';
import { type ControlServer, listenControl } from '../../runtime/control/server-io.ts';
import { DeployError } from '../../runtime/deploy/errors.ts';
import { FakeService, INSTALLED, logLine, STATUS } from './support/fake-service.ts';

interface Context {
  folder: string;
  path: string;
  service: FakeService;
  server: ControlServer;
  breaches: string[];
}

const control = suite<Context>('control/control-socket');
const clock = createSystemClock();
const ANY = { timeoutMs: 30_000 };

control.before.each(async context => {
  context.folder = mkdtempSync(join(tmpdir(), 'airssys-control-'));
  context.path = join(context.folder, 'control.sock');
  context.service = new FakeService();
  context.breaches = [];
  context.server = await listen(context);
});

control.after.each(async context => {
  await context.server.close();
  rmSync(context.folder, { recursive: true, force: true });
});

function listen({ path, service, breaches }: Omit<Context, 'server'>): Promise<ControlServer> {
  return listenControl({
    path,
    mode: 0o600,
    serverName: 'airssys-wasm 0.1.0',
    service,
    clock,
    onBreach: message => breaches.push(message),
  });
}

function client(path: string): Promise<ControlClient> {
  return ControlClient.connect({ path, clientName: 'test', clock, timeoutMs: 30_000 });
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'resolved',
    error => errorCode(error),
  );
}

/** Sends raw bytes and returns what the server says: `count` messages, or all until it closes. */
function raw(
  path: string,
  bytes: readonly Uint8Array[],
  count = Number.POSITIVE_INFINITY,
): Promise<{ said: unknown[]; closed: boolean }> {
  return new Promise(resolve => {
    const said: unknown[] = [];
    const reader = new FrameReader();
    const socket = connect(path);
    const timer = clock.after(30_000, () => done(false));
    const done = (closed: boolean) => {
      timer.cancel();
      socket.destroy();
      resolve({ said, closed });
    };
    socket.on('data', (chunk: Buffer) => {
      for (const frame of reader.push(chunk)) {
        said.push(frame.kind === 'json' ? frame.value : frame);
      }
      if (said.length >= count) done(false);
    });
    socket.on('close', () => done(true));
    socket.on('error', () => {});
    for (const piece of bytes) socket.write(piece);
  });
}

const HELLO = encodeJson({ type: 'hello', versions: [1], client: 'raw' });

control('a client asks and is answered; only the owner may connect', async ({ path, folder }) => {
  assert.is(statSync(path).mode & 0o777, 0o600);
  assert.ok(folder);
  const one = await client(path);
  const request = { method: 'status', params: {} } as const;
  assert.equal(await one.ask(request, statusSchema, ANY), STATUS);
  one.close();
  assert.is(await codeOf(one.ask(request, statusSchema, ANY)), 'CONTROL_CANCELLED');
});

control(
  'an unknown method and wrong parameters are refused, the connection goes on',
  async ({ path, breaches }) => {
    const requests = [
      { id: 1, method: 'reboot', params: {} },
      { id: 2, method: 'status', params: { extra: 1 } },
      { id: 3, method: 'install', params: { sizeBytes: 1e12, wait: true } },
      { id: 4, method: 'watch', params: { labels: Array(257).fill('x') } },
      { id: 5, method: 'status', params: {} },
    ];
    const frames = requests.map(request => encodeJson({ type: 'request', ...request }));
    const { said, closed } = await raw(path, [HELLO, ...frames], 1 + frames.length);
    const codes = said.slice(1).map(message => {
      const parsed = v.safeParse(v.object({ error: v.object({ code: v.string() }) }), message);
      return parsed.success ? parsed.output.error.code : 'result';
    });
    assert.equal(codes.sort(), [...Array(4).fill('CONTROL_REQUEST'), 'result']);
    assert.not(closed);
    assert.is(breaches.length, 0);
  },
);

control(
  'every breach of the protocol ends the connection, and no other',
  async ({ path, breaches }) => {
    const other = await client(path);
    const status = encodeJson({ type: 'request', id: 1, method: 'status', params: {} });
    const logs = { type: 'request', id: 7, method: 'logs', params: { countMax: 0, follow: true } };
    const install = {
      type: 'request',
      id: 1,
      method: 'install',
      params: { sizeBytes: 2, wait: true },
    };
    const length = (bytes: number) => Buffer.from([bytes >>> 24, bytes >>> 16, bytes >>> 8, bytes]);
    const hostile: (readonly Uint8Array[])[] = [
      [status],
      [encodeBytes(1, new Uint8Array(4))],
      [encodeJson({ type: 'hello', versions: [99], client: 'x' })],
      [length(0xffff_ffff)],
      [length(0)],
      [length(1_048_577)],
      [length(3), Buffer.from([7, 0, 0])],
      [length(3), Buffer.from([1, 0, 0])],
      [HELLO, length(3), Buffer.from([0, 0xff, 0xff])],
      [HELLO, length(3), Buffer.from([0, 0x7b, 0x7b])],
      [HELLO, encodeJson({ type: 'takeover' })],
      [HELLO, encodeJson({ ...logs, id: 0 })],
      [HELLO, encodeJson(logs), encodeJson(logs)],
      [HELLO, encodeJson(install), encodeBytes(1, new Uint8Array(3))],
      [HELLO, encodeJson(null)],
    ];
    for (const [index, bytes] of hostile.entries()) {
      const { closed, said } = await raw(path, bytes);
      assert.ok(closed, `case ${index} stays connected`);
      assert.is(breaches.length, index + 1, `case ${index}`);
      const last = v.safeParse(v.object({ type: v.literal('error'), id: v.null() }), said.at(-1));
      assert.ok(last.success, `case ${index} is not told why`);
    }
    await other.ask({ method: 'status', params: {} }, statusSchema, ANY);
    other.close();
  },
);

control('frames may arrive byte by byte', async ({ path }) => {
  const status = encodeJson({ type: 'request', id: 1, method: 'status', params: {} });
  const bytes = [...HELLO, ...status].map(byte => Uint8Array.of(byte));
  const { said } = await raw(path, bytes, 2);
  assert.equal(said[1], { type: 'result', id: 1, value: STATUS });
});

control('more than eight open requests are refused', async ({ path }) => {
  const logs = { type: 'request', method: 'logs', params: { countMax: 0, follow: true } };
  const frames = Array.from({ length: 9 }, (_, at) => encodeJson({ ...logs, id: at + 1 }));
  const { said } = await raw(path, [HELLO, ...frames], 2);
  assert.is(said.length, 2);
  assert.match(JSON.stringify(said[1]), /CONTROL_BUSY/);
});

control('a release is uploaded in pieces and arrives as it was sent', async ({ path, service }) => {
  const bytes = new Uint8Array(1_500_001).fill(7).fill(9, 600_000);
  const steps: unknown[] = [];
  service.onInstall = onStep => {
    onStep({ step: 'verifying', detail: 'envelope' });
    return Promise.resolve(INSTALLED);
  };
  const one = await client(path);
  const request = { method: 'install', params: { sizeBytes: bytes.length, wait: true } } as const;
  const options = { ...ANY, upload: bytes, onEvent: (value: unknown) => steps.push(value) };
  assert.equal(await one.ask(request, installedSchema, options), INSTALLED);
  assert.ok(Buffer.from(service.installed ?? []).equals(bytes));
  assert.equal(steps, [{ step: 'verifying', detail: 'envelope' }]);
  one.close();
});

control(
  'a second upload waits for nobody: it is refused, and the first goes on',
  async ({ path, service }) => {
    const held = Promise.withResolvers<typeof INSTALLED>();
    service.onInstall = () => held.promise;
    const [one, two] = [await client(path), await client(path)];
    const upload = new Uint8Array(10);
    const request = { method: 'install', params: { sizeBytes: 10, wait: true } } as const;
    const first = one.ask(request, installedSchema, { ...ANY, upload });
    await one.ask({ method: 'status', params: {} }, statusSchema, ANY);
    assert.is(await codeOf(two.ask(request, installedSchema, { ...ANY, upload })), 'CONTROL_BUSY');
    held.resolve(INSTALLED);
    assert.equal(await first, INSTALLED);
    assert.equal(await two.ask(request, installedSchema, { ...ANY, upload }), INSTALLED);
    one.close();
    two.close();
  },
);

control(
  'who leaves during its upload gives the turn back, and nothing is installed',
  async ({ path, service }) => {
    const install = {
      type: 'request',
      id: 1,
      method: 'install',
      params: { sizeBytes: 9, wait: true },
    };
    await raw(path, [HELLO, encodeJson(install), encodeBytes(1, new Uint8Array(5))], 1);
    assert.is(service.installed, null);
    const one = await client(path);
    const request = { method: 'install', params: { sizeBytes: 3, wait: true } } as const;
    const upload = new Uint8Array(3);
    assert.equal(await one.ask(request, installedSchema, { ...ANY, upload }), INSTALLED);
    one.close();
  },
);

control(
  'without waiting the answer comes with the trial, and a later failure hurts nobody',
  async ({ path, service }) => {
    const held = Promise.withResolvers<typeof INSTALLED>();
    service.onInstall = onStep => {
      onStep({ step: 'trial', installed: { ...INSTALLED, state: 'trial' } });
      return held.promise;
    };
    const one = await client(path);
    const request = { method: 'install', params: { sizeBytes: 3, wait: false } } as const;
    const answer = await one.ask(request, installedSchema, { ...ANY, upload: new Uint8Array(3) });
    assert.is(answer.state, 'trial');
    held.reject(new DeployError('DEPLOY_TRIAL_FAILED', 'unhealthy'));
    await one.ask({ method: 'status', params: {} }, statusSchema, ANY);
    one.close();
  },
);

control(
  "the daemon's error arrives with its code, message and causes",
  async ({ path, service }) => {
    service.onRollback = () =>
      Promise.reject(
        new DeployError('DEPLOY_NOTHING_TO_ROLL_BACK', 'no other release', {
          cause: new Error('slot a is empty'),
        }),
      );
    const one = await client(path);
    const request = { method: 'rollback', params: { reason: 'test' } } as const;
    const error = await one.ask(request, installedSchema, ANY).catch(caught => caught);
    assert.is(errorCode(error), 'DEPLOY_NOTHING_TO_ROLL_BACK');
    assert.is(error.message, 'no other release');
    assert.is(error.cause.message, 'slot a is empty');
    one.close();
  },
);

control(
  'who follows the log reads what is there, then what comes, until it leaves',
  async ({ path, service }) => {
    service.lines_ = Array.from({ length: 40 }, (_, n) => logLine(n));
    const one = await client(path);
    const heard: number[] = [];
    const enough = Promise.withResolvers<void>();
    const onEvent = (value: unknown) => {
      const { items } = v.parse(v.object({ items: v.array(v.any()) }), value);
      for (const { sequence } of items) heard.push(sequence);
      if (heard.length === 42) enough.resolve();
    };
    const request = { method: 'logs', params: { countMax: 100, follow: true } } as const;
    const following = codeOf(one.ask(request, v.null(), { timeoutMs: null, onEvent }));
    await one.ask({ method: 'status', params: {} }, statusSchema, ANY);
    for (const listener of service.logListeners) {
      listener(logLine(40));
      listener(logLine(41));
    }
    await enough.promise;
    assert.equal(
      heard,
      Array.from({ length: 42 }, (_, n) => n),
    );
    one.close();
    assert.is(await following, 'CONTROL_CANCELLED');
    await new Promise(resolve => clock.after(50, () => resolve(null)));
    assert.is(service.logListeners.size, 0);
  },
);

control('a client that does not read is told how much it lost', async ({ path, service }) => {
  const socket = connect(path);
  await new Promise(resolve => socket.once('connect', resolve));
  const logs = { type: 'request', id: 1, method: 'logs', params: { countMax: 0, follow: true } };
  socket.write(HELLO);
  socket.write(encodeJson(logs));
  socket.pause();
  while (service.logListeners.size === 0)
    await new Promise(resolve => clock.after(5, () => resolve(null)));
  const pushed = 6_000;
  const [listener] = service.logListeners;
  for (let n = 0; n < pushed; n += 1) {
    listener?.(logLine(n, { message: 'x'.repeat(1_000) }));
    if (n % 500 === 0) await new Promise(resolve => setImmediate(resolve));
  }
  const reader = new FrameReader();
  let received = 0;
  let lost = 0;
  const done = Promise.withResolvers<void>();
  socket.on('data', (chunk: Buffer) => {
    for (const frame of reader.push(chunk)) {
      const event = v.safeParse(
        v.object({ value: v.object({ items: v.array(v.any()), lost: v.number() }) }),
        frame.kind === 'json' ? frame.value : null,
      );
      if (!event.success) continue;
      received += event.output.value.items.length;
      lost += event.output.value.lost;
      if (received + lost >= pushed) done.resolve();
    }
  });
  socket.resume();
  listener?.(logLine(pushed));
  await Promise.race([
    done.promise,
    new Promise(resolve => clock.after(30_000, () => resolve(null))),
  ]);
  socket.destroy();
  assert.ok(lost > 0, 'nothing was lost');
  assert.ok(received + lost >= pushed, `${received} received, ${lost} lost of ${pushed}`);
});

control('metrics longer than a frame arrive whole', async ({ path, service }) => {
  service.metricsText = 'airssys_x_total 1\n'.repeat(60_000);
  const one = await client(path);
  let text = '';
  const onEvent = (value: unknown) => {
    text += v.parse(v.object({ text: v.string() }), value).text;
  };
  await one.ask({ method: 'metrics', params: {} }, v.null(), { ...ANY, onEvent });
  assert.ok(text === service.metricsText);
  one.close();
});

control('an answer that does not come in time is a timeout', async ({ path, service }) => {
  service.status = () => new Promise(() => {});
  const one = await client(path);
  const asked = one.ask({ method: 'status', params: {} }, statusSchema, { timeoutMs: 50 });
  assert.is(await codeOf(asked), 'CONTROL_TIMED_OUT');
  one.close();
});

control('without a daemon the client says so', async ({ folder }) => {
  assert.is(await codeOf(client(join(folder, 'none.sock'))), 'CONTROL_UNREACHABLE');
});

control("a living daemon's socket is not taken, and goes on", async context => {
  assert.is(await codeOf(listen(context)), 'CONTROL_SOCKET_IN_USE');
  const one = await client(context.path);
  one.close();
});

control('the socket that a killed daemon left is taken over', async context => {
  const path = join(context.folder, 'killed.sock');
  const listening = `createServer().listen(${JSON.stringify(path)}, () => console.log('up'))`;
  const script = `require('node:net').${listening}`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] });
  await new Promise(resolve => child.stdout.once('data', resolve));
  child.kill('SIGKILL');
  await new Promise(resolve => child.once('exit', resolve));
  assert.ok(existsSync(path));
  const server = await listen({ ...context, path });
  const one = await client(path);
  one.close();
  await server.close();
  assert.not(existsSync(path));
});

control('a file that is no socket is never removed', async context => {
  const path = join(context.folder, 'precious');
  writeFileSync(path, 'data');
  assert.is(await codeOf(listen({ ...context, path })), 'CONTROL_SOCKET_PATH');
  assert.ok(existsSync(path));
});

control.run();
