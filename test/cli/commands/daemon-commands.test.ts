import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createSystemClock } from '../../../drivers/clock/system-clock.ts';
import { createSystemRandom } from '../../../drivers/random/system-random.ts';
import { COMMANDS } from '../../../runtime/cli/commands.ts';
import { runCli } from '../../../runtime/cli/program.ts';
import { createCliFiles } from '../../../runtime/cli/system-io.ts';
import type { StatusReport } from '../../../runtime/control/reports.ts';
import { type ControlServer, listenControl } from '../../../runtime/control/server-io.ts';
import { DeployError } from '../../../runtime/deploy/errors.ts';
import {
  CONTROLLER,
  FakeService,
  INSTALLED,
  logLine,
  STATUS,
} from '../../control/support/fake-service.ts';

interface Context {
  folder: string;
  socket: string;
  service: FakeService;
  server: ControlServer;
}

const commands = suite<Context>('cli/daemon-commands');
const clock = createSystemClock();

commands.before.each(async context => {
  context.folder = mkdtempSync(join(tmpdir(), 'airssys-cli-'));
  context.socket = join(context.folder, 'control.sock');
  context.service = new FakeService();
  context.server = await listenControl({
    path: context.socket,
    mode: 0o600,
    serverName: 'airssys-wasm 0.3.0',
    service: context.service,
    clock,
    onBreach: () => {},
  });
});

commands.after.each(async context => {
  await context.server.close();
  rmSync(context.folder, { recursive: true, force: true });
});

/** Runs a command line in this process, against the real socket. */
async function run(socket: string, args: readonly string[]) {
  let out = '';
  let err = '';
  const code = await runCli(
    ['--socket', socket, ...args],
    system(
      text => (out += text),
      text => (err += text),
    ),
    COMMANDS,
  );
  return { code, out, err };
}

function system(writeOut: (text: string) => void, writeErr: (text: string) => void) {
  return {
    runtimeVersion: '0.3.0',
    clock,
    random: createSystemRandom(),
    files: createCliFiles(),
    writeOut,
    writeErr,
    hasColor: false,
    environment: {},
  };
}

const DEGRADED: StatusReport = {
  ...STATUS,
  verdict: 'degraded',
  problems: [
    {
      subject: 'thermostat',
      what: 'restarting 4/5  serial "meter" held by pid 812 (ModemManager)',
      fix: 'airssys-wasm doctor --only serial',
    },
  ],
  controllers: [{ ...CONTROLLER, state: 'backoff', restarts: 4, attempt: 4 }],
};

commands('the first screen of a degraded gateway says what, why and what next', async context => {
  context.service.status_ = DEGRADED;
  const { code, out, err } = await run(context.socket, ['status']);
  assert.is(code, 3);
  assert.is(err, '');
  assert.is(
    out,
    [
      'gw-17  DEGRADED  1 problem  up 3d 4h  airssys-wasm 0.3.0  slot B (good), A 1.1.9',
      ' ! thermostat  restarting 4/5  serial "meter" held by pid 812 (ModemManager)',
      '   next: airssys-wasm doctor --only serial',
      'NAME        VER    STATE    SINCE  RST  MEM  CAPS',
      'thermostat  2.0.1  backoff  12s    4    18M  serial mqtt',
      'mqtt local  connected mqtts://b1:8883   outbox 0',
      'last update 2.0.1 ok 2h ago',
      '',
    ].join('\n'),
  );
});

commands('walls are told one by one for each host, with what is in their way', async context => {
  const walls: StatusReport['host']['walls'] = [
    { name: 'seccomp', state: 'up', detail: '1 filter of system calls more than the gateway' },
    { name: 'own-uid', state: 'down', detail: 'runs as uid 1000, like the gateway' },
  ];
  const other = { vendor: 'b.example', state: 'running', pid: 900, starts: 1, walls } as const;
  const otherHosts = [{ ...other, walls: [...walls].slice(0, 1) }];
  context.service.status_ = { ...STATUS, host: { ...STATUS.host, walls }, otherHosts };
  const { code, out } = await run(context.socket, ['status', '--walls']);
  assert.is(code, 0);
  assert.is(
    out,
    [
      'component-host  process 812  1 of 2 walls stand',
      'WALL     STATE  DETAIL',
      'seccomp  up     1 filter of system calls more than the gateway',
      'own-uid  down   runs as uid 1000, like the gateway',
      'component-host of b.example  process 900  1 of 1 walls stand',
      'WALL     STATE  DETAIL',
      'seccomp  up     1 filter of system calls more than the gateway',
      '',
    ].join('\n'),
  );
  const json = await run(context.socket, ['status', '--walls', '--json']);
  assert.is(JSON.parse(json.out).hosts[1].vendor, 'b.example');
  context.service.status_ = { ...STATUS, verdict: 'failing' };
  assert.is((await run(context.socket, ['status', '--walls'])).code, 3);
  assert.is((await run(context.socket, ['status', 'thermostat', '--walls'])).code, 2);
});

commands('what the outbox lost is told where the outbox is', async context => {
  const mqtt = STATUS.mqtt.map(link => ({ ...link, queued: 3, dropped: 2, refused: 5 }));
  context.service.status_ = { ...STATUS, mqtt };
  const { out } = await run(context.socket, ['status']);
  assert.match(out, /outbox 3 lost 7$/m);
});

commands('a sound gateway is exit code 0, and JSON is one document', async context => {
  const { code, out } = await run(context.socket, ['status', '--json']);
  assert.is(code, 0);
  assert.equal(JSON.parse(out), { schema: 'airssys.status/1', ...STATUS });
});

commands('every line of a hostile status fits 80 columns and moves no cursor', async context => {
  const long = `\u001b[2J${'x'.repeat(500)}`;
  context.service.status_ = {
    ...DEGRADED,
    problems: [{ subject: long, what: long, fix: null }],
    notices: [long],
    controllers: [{ ...CONTROLLER, name: 'n'.repeat(64), capabilities: Array(40).fill('gpio') }],
    mqtt: [{ ...STATUS.mqtt[0], address: long } as never],
    lastChange: { what: long, agoMs: 1 },
  };
  const { out } = await run(context.socket, ['status']);
  const lines = out.split('\n').slice(1);
  assert.ok(lines.length > 5);
  assert.not(out.includes('\u001b'));
  for (const line of lines) assert.ok(line.replace(/\\u\{1b\}/g, '?').length <= 80, line);
});

commands('one controller: found, unhealthy, unknown', async context => {
  assert.is((await run(context.socket, ['status', 'thermostat'])).code, 0);
  context.service.status_ = DEGRADED;
  assert.is((await run(context.socket, ['status', 'thermostat'])).code, 3);
  const { code, err } = await run(context.socket, ['status', 'nobody']);
  assert.is(code, 4);
  assert.match(err, /fix: airssys-wasm list/);
});

commands('without a daemon every command is exit code 7 and says what to do', async context => {
  const socket = join(context.folder, 'none.sock');
  for (const args of [['status'], ['logs'], ['why'], ['slots'], ['list'], ['gpio', 'list']]) {
    const { code, err, out } = await run(socket, args);
    assert.is(code, 7, args.join(' '));
    assert.match(err, /no daemon listens at .*none\.sock/);
    assert.match(err, /fix: start it: airssys-wasm gatewayd --config FILE/);
    assert.is(out, '');
  }
  const { out } = await run(socket, ['--json', 'status']);
  assert.is(JSON.parse(out).code, 'CLI_UNREACHABLE');
});

commands(
  'logs: the newest lines, filtered by the daemon, readable or as JSON lines',
  async context => {
    context.service.lines_ = [
      logLine(1),
      logLine(2, {
        source: 'controller/thermostat',
        level: 'warn',
        fields: { code: 'GPIO_DENIED' },
      }),
    ];
    const short = await run(context.socket, ['logs', 'thermostat', '-n', '5', '--level', 'warn']);
    assert.is(short.code, 0);
    assert.match(short.out, /^2027-01-15 08:00:00 warn {5}thermostat {3}line 2 code=GPIO_DENIED$/m);
    assert.match(
      context.service.asked[0] ?? '',
      /"controller":"thermostat".*"levelMin":"warn".* 5$/,
    );
    const json = await run(context.socket, ['logs', '-o', 'json']);
    const documents = json.out
      .trim()
      .split('\n')
      .map(line => JSON.parse(line));
    assert.equal(
      documents.map(document => [document.schema, document.sequence]),
      [
        ['airssys.log/1', 1],
        ['airssys.log/1', 2],
      ],
    );
    assert.is((await run(context.socket, ['logs', '--since', 'yesterday'])).code, 2);
    assert.is((await run(context.socket, ['logs', '-n', '1e9'])).code, 2);
  },
);

commands('why: the chain with the line that would allow it', async context => {
  context.service.causes = [
    {
      kind: 'denial',
      subject: 'controller/thermostat',
      what: 'gpio "pump" was not written',
      causedBy: ['no grant covers gpio:pump'],
      fix: 'grant = "gpio:pump[dir=out]"',
      firstWallMs: 1_800_000_000_000,
      lastWallMs: 1_800_000_000_000,
      times: 3,
    },
  ];
  const { code, out } = await run(context.socket, ['why', 'thermostat']);
  assert.is(code, 0);
  assert.is(
    out,
    '2027-01-15 08:00:00  denial  controller/thermostat: gpio "pump" was not written (3 times)\n' +
      '  caused by: no grant covers gpio:pump\n' +
      '  fix: grant = "gpio:pump[dir=out]"\n',
  );
  context.service.causes = [];
  assert.is((await run(context.socket, ['why', 'nobody'])).code, 4);
  assert.is((await run(context.socket, ['why'])).code, 0);
});

commands('install: the exit code says what became of the release', async context => {
  const file = join(context.folder, 'site.suit');
  writeFileSync(file, new Uint8Array(700_000));
  const good = await run(context.socket, ['install', file, '--wait']);
  assert.is(good.out, 'site 2.0.1 committed in slot B\n');
  assert.is(good.code, 0);
  assert.is(context.service.installed?.length, 700_000);
  const outcomes = [
    [new DeployError('DEPLOY_TRIAL_FAILED', 'unhealthy'), 9],
    [new DeployError('DEPLOY_ROLLBACK_FAILED', 'both bad'), 10],
    [new DeployError('DEPLOY_DOWNGRADE', 'older'), 6],
    [new DeployError('DEPLOY_DISK_FULL', 'full'), 11],
    [Object.assign(new Error('not signed'), { code: 'SIGNATURE_MISSING' }), 6],
    [new Error('a mistake'), 1],
  ] as const;
  for (const [error, expected] of outcomes) {
    context.service.onInstall = () => Promise.reject(error);
    const { code, err } = await run(context.socket, ['install', file, '--wait']);
    assert.is(code, expected, error.message);
    assert.ok(err.includes(error.message));
  }
  assert.is((await run(context.socket, ['install', join(context.folder, 'none')])).code, 4);
});

commands(
  'install without --wait answers when the trial begins, with --timeout in time',
  async context => {
    const file = join(context.folder, 'site.suit');
    writeFileSync(file, 'release');
    context.service.onInstall = onStep => {
      onStep({ step: 'trial', installed: { ...INSTALLED, state: 'trial' } });
      return new Promise(() => {});
    };
    const trial = await run(context.socket, ['install', file]);
    assert.is(trial.code, 0);
    assert.is(trial.out, 'site 2.0.1 on trial in slot B\n');
    assert.match(trial.err, /trial: site 2\.0\.1 runs in slot B/);
  },
);

commands('an installation that takes too long is exit code 8', async context => {
  const file = join(context.folder, 'site.suit');
  writeFileSync(file, 'release');
  context.service.onInstall = () => new Promise(() => {});
  assert.is((await run(context.socket, ['--timeout', '1s', 'install', file, '--wait'])).code, 8);
});

commands('rollback: back on the other release, or why not', async context => {
  const { code, out } = await run(context.socket, ['rollback', '--reason', 'too warm']);
  assert.is(code, 0);
  assert.is(out, 'back on site 2.0.1 in slot B\n');
  assert.ok(context.service.asked.includes('rollback too warm'));
  const nothing = new DeployError('DEPLOY_NOTHING_TO_ROLL_BACK', 'no other release');
  context.service.onRollback = () => Promise.reject(nothing);
  assert.is((await run(context.socket, ['rollback'])).code, 11);
});

commands('slots, list, gpio list and metrics show tables; JSON has its schema', async context => {
  const slots = await run(context.socket, ['slots']);
  assert.match(slots.out, /^B {5}site {5}2\.0\.1 {4}9 {9}good, active {2}abababababab$/m);
  const list = await run(context.socket, ['list', '--caps']);
  assert.match(list.out, /^thermostat +2\.0\.1 +running +1M +efefefefefef$/m);
  assert.match(list.out, /^ {2}part thermostat\/smoother +39K? +abababababab$/m);
  assert.match(list.out, /^ {2}gpio:heater\[dir=out\]$/m);
  const plain = await run(context.socket, ['list', '--plain']);
  assert.equal(plain.out.trim().split('\n').length, 1, 'a line a controller');
  const lines = await run(context.socket, ['gpio', 'list']);
  assert.match(lines.out, /^float-low {2}in {3}unknown {2}tank$/m);
  assert.is((await run(context.socket, ['metrics'])).out, 'airssys_up_info 1\n');
  const schemas = [
    ['slots', 'airssys.slots/1'],
    ['list', 'airssys.list/1'],
    ['why', 'airssys.why/1'],
    ['rollback', 'airssys.rollback/1'],
    ['metrics', 'airssys.metrics/1'],
  ] as const;
  for (const [command, schema] of schemas) {
    const { out } = await run(context.socket, ['--json', command]);
    assert.is(JSON.parse(out).schema, schema);
  }
});

commands(
  'gpio watch prints each change as it happens; an unknown line is refused',
  async context => {
    assert.is((await run(context.socket, ['gpio', 'watch', 'nothing'])).code, 4);
    const watching = run(context.socket, ['gpio', 'watch', 'heater', '--count', '2']);
    while (context.service.lineListeners.size === 0) {
      await new Promise(resolve => clock.after(5, () => resolve(null)));
    }
    for (const listener of context.service.lineListeners) {
      listener({ label: 'heater', state: 'active', wallMs: 1_800_000_000_000 });
      listener({ label: 'heater', state: 'inactive', wallMs: 1_800_000_000_250 });
      listener({ label: 'heater', state: 'active', wallMs: 1_800_000_000_500 });
    }
    const { code, out } = await watching;
    assert.is(code, 0);
    assert.is(out, '08:00:00.000  # heater active\n08:00:00.250  . heater inactive\n');
  },
);

commands('sim drive moves an input of the simulated board, and of no other', async context => {
  assert.is((await run(context.socket, ['sim', 'drive', 'float-low', 'active'])).code, 0);
  assert.ok(context.service.asked.includes('drive float-low active'));
  assert.is((await run(context.socket, ['sim', 'drive', 'float-low', 'high'])).code, 2);
  context.service.simulated = false;
  assert.is((await run(context.socket, ['sim', 'drive', 'float-low', 'active'])).code, 11);
});

commands('sim drive tells a line that is not there from one that is an output', async context => {
  const unknown = await run(context.socket, ['sim', 'drive', 'nosuch', 'active']);
  assert.is(unknown.code, 4);
  assert.match(unknown.err, /the board has no line nosuch.*\n {2}fix: airssys-wasm gpio list/);
  const output = await run(context.socket, ['sim', 'drive', 'heater', 'active']);
  assert.is(output.code, 2);
  assert.match(output.err, /heater is an output.*\n {2}fix: drive one of float-low/);
  assert.not.ok(context.service.asked.some(each => each.startsWith('drive')));
});

commands('with --plain, tables have no heading and tabs between cells', async context => {
  const { out } = await run(context.socket, ['status', '--plain']);
  assert.match(out, /^thermostat\t2\.0\.1\trunning\t/m);
  assert.not.match(out, /NAME/);
  assert.match((await run(context.socket, ['gpio', 'list', '--plain'])).out, /^float-low\tin\t/m);
});

commands('a quarantined controller is released by name', async context => {
  const released = await run(context.socket, ['release-quarantine', 'thermostat']);
  assert.is(released.out, 'thermostat starts again\n');
  assert.is((await run(context.socket, ['release-quarantine', 'nobody'])).code, 4);
});

commands.run();
