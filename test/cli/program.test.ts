import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createSystemClock } from '../../drivers/clock/system-clock.ts';
import { createSystemRandom } from '../../drivers/random/system-random.ts';
import type { CliContext, CliSystem, RegisterCommand } from '../../runtime/cli/context.ts';
import { CliError } from '../../runtime/cli/errors.ts';
import { EXIT, EXIT_MEANINGS, exitCodeOf } from '../../runtime/cli/exit-codes.ts';
import { alignColumns, printable } from '../../runtime/cli/output.ts';
import { runCli } from '../../runtime/cli/program.ts';
import { createCliFiles } from '../../runtime/cli/system-io.ts';

const test = suite('cli/program');

async function run(
  args: readonly string[],
  action: (context: CliContext) => void = () => undefined,
  changes: Partial<CliSystem> = {},
) {
  let [out, err] = ['', ''];
  const system: CliSystem = {
    runtimeVersion: '1.2.3',
    clock: createSystemClock(),
    random: createSystemRandom(),
    files: createCliFiles(),
    writeOut: text => {
      out += text;
    },
    writeErr: text => {
      err += text;
    },
    hasColor: true,
    environment: {},
    ...changes,
  };
  const register: RegisterCommand = (program, context) => {
    program.command('act').action(() => action(context));
  };
  return { exit: await runCli(args, system, [register]), out, err };
}

test('global options are taken before and after the command', async () => {
  for (const args of [
    ['--json', '-q', '--timeout', '5s', '--socket', '/s', 'act'],
    ['act', '--json', '-q', '--timeout', '5s', '--socket', '/s'],
  ]) {
    let seen: unknown;
    await run(args, context => {
      seen = context.globals();
    });
    assert.equal(seen, {
      json: true,
      plain: false,
      quiet: true,
      verbose: false,
      color: false,
      timeoutMs: 5_000,
      socket: '/s',
    });
  }
});

test('a flag wins over the environment, the environment over the default', async () => {
  const environment = { AIRSSYS_SOCKET: '/from-environment' };
  const sockets: string[] = [];
  const note = (context: CliContext) => void sockets.push(context.globals().socket);
  await run(['act', '--socket', '/from-flag'], note, { environment });
  await run(['act'], note, { environment });
  await run(['act'], note);
  assert.equal(sockets, ['/from-flag', '/from-environment', '/run/airssys/control.sock']);
});

test('usage errors exit with 2, on standard error, as JSON when asked', async () => {
  for (const args of [
    [],
    ['nothing'],
    ['act', '--bogus'],
    ['act', '--timeout', '5x'],
    ['act', 'x'],
  ]) {
    const outcome = await run(args);
    assert.is(outcome.exit, 2, args.join(' '));
    assert.match(outcome.err, /CLI_USAGE/);
    assert.is(outcome.out, '');
  }
  const json = await run(['nothing', '--json']);
  assert.is(json.exit, 2);
  assert.is(JSON.parse(json.out).schema, 'airssys.error/1');
  assert.is(json.err, '');
});

test('help and version exit with 0 and are data', async () => {
  const [help, version] = [await run(['--help']), await run(['-V'])];
  assert.is(help.exit, 0);
  assert.match(help.out, /--no-color/);
  assert.equal([version.exit, version.out, version.err], [0, '1.2.3\n', '']);
  const codes = await run(['help', 'exit-codes']);
  for (const [code, meaning] of EXIT_MEANINGS) {
    assert.ok(codes.out.includes(`${code}  ${meaning}`), meaning);
  }
});

test('an error says what, caused by, and what would fix it', async () => {
  const outcome = await run(['act'], () => {
    const cause = new Error('the disk said no', { cause: new Error('sector 7') });
    throw new CliError('CLI_NOT_FOUND', 'x does not exist', { cause, fix: 'make x' });
  });
  assert.is(outcome.exit, 4);
  assert.is(
    outcome.err,
    'error: x does not exist (CLI_NOT_FOUND)\n' +
      '  caused by: the disk said no\n  caused by: sector 7\n  fix: make x\n',
  );
});

test('an unexpected error exits with 1 and shows its stack with -v only', async () => {
  const crash = () => {
    throw new TypeError('boom');
  };
  const [short, long] = [await run(['act'], crash), await run(['act', '-v'], crash)];
  assert.is(short.exit, 1);
  assert.not.match(short.err, /program\.test/);
  assert.match(long.err, /program\.test/);
});

test('a command can finish with a code of its own', async () => {
  const outcome = await run(['act'], context => context.finish(EXIT.unhealthy));
  assert.is(outcome.exit, 3);
});

test('-q silences messages, never data or errors', async () => {
  const speak = (context: CliContext) => {
    context.out.line('data');
    context.out.note('message');
    context.out.detail('detail');
    context.out.error(new CliError('CLI_IO', 'failed'));
  };
  const quiet = await run(['act', '-q'], speak);
  assert.is(quiet.out, 'data\n');
  assert.is(quiet.err, 'error: failed (CLI_IO)\n');
  assert.match((await run(['act'], speak)).err, /^message\nerror/);
  assert.match((await run(['act', '-v'], speak)).err, /^message\ndetail\nerror/);
});

test('colour is for terminals, and off with --no-color, --plain and --json', async () => {
  const paint = (context: CliContext) => context.out.line(context.out.paint('red', 'x'));
  assert.is((await run(['act'], paint)).out, '\u001b[31mx\u001b[0m\n');
  assert.is((await run(['act'], paint, { hasColor: false })).out, 'x\n');
  for (const flag of ['--no-color', '--plain', '--json']) {
    assert.is((await run(['act', flag], paint)).out, 'x\n', flag);
  }
});

test('a table has columns and a heading, with --plain neither: tabs between cells', async () => {
  const show = (context: CliContext) =>
    context.out.table(
      ['NAME', 'STATE'],
      [
        ['pump', 'ru\tnning for ever'],
        ['x', 'off'],
      ],
      12,
    );
  assert.is((await run(['act'], show)).out, 'NAME  STATE\npump  ru\\u{9}...\nx     off\n');
  const plain = (await run(['act', '--plain'], show)).out;
  assert.is(plain, 'pump\tru\\u{9}nning for ever\nx\toff\n');
});

test('options that no command reads are refused', async () => {
  for (const option of ['--yes', '--no-input', '--config=x']) {
    assert.is((await run(['act', option])).exit, 2, option);
  }
});

test('help answers for the daemon too', async () => {
  const help = await run(['help', 'gatewayd']);
  assert.is(help.exit, 0);
  assert.match(help.out, /airssys-wasm gatewayd --config FILE/);
});

test('what comes from outside cannot steer the terminal', async () => {
  const hostile = 'a\u001b[2J\r\u009b31m\u202eb';
  assert.is(printable(hostile), 'a\\u{1b}[2J\\u{d}\\u{9b}31m\\u{202e}b');
  const outcome = await run(['act'], context => {
    context.out.line(hostile);
    throw new CliError('CLI_IO', hostile);
  });
  const seen = outcome.out + outcome.err;
  for (const steering of ['\u001b', '\r', '\u009b', '\u202e'])
    assert.not.ok(seen.includes(steering));
});

test('columns are as wide as their widest cell', () => {
  assert.equal(
    alignColumns([
      ['a', 'bb'],
      ['ccc', 'd'],
    ]),
    ['a    bb', 'ccc  d'],
  );
});

test('every layer of verification exits with 6', () => {
  for (const code of ['ENVELOPE_X', 'SIGNATURE_X', 'MANIFEST_X', 'PAYLOAD_X', 'POLICY_X']) {
    assert.is(exitCodeOf(code), 6);
  }
  assert.is(exitCodeOf('SOMETHING_ELSE'), 1);
});

test.run();
