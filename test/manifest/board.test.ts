import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseBoard } from '../../runtime/manifest/board.ts';
import {
  SETTINGS_CHARACTERS_MAX,
  SettingsError,
} from '../../runtime/manifest/gateway-config-toml.ts';

const board = suite('manifest/board');

const LINE = 'name = "b"\n[[line]]\nlabel = "heater"\ndirection = "out"\nsafe = "inactive"\n';
const SERIAL = 'name = "b"\n[[serial]]\nlabel = "meter"\nbaud-rate = 9600\n';

function refusal(text: string): SettingsError {
  try {
    parseBoard('b.toml', text);
  } catch (error) {
    if (error instanceof SettingsError) return error;
    throw error;
  }
  throw new Error(`accepted: ${text.slice(0, 200)}`);
}

board('the simulated board parses, with its safe values and its reserved line', () => {
  const file = new URL('../../firmware-manifests/boards/sim.toml', import.meta.url);
  const sim = parseBoard('sim.toml', readFileSync(file, 'utf8'));
  const byLabel = new Map(sim.lines.map(line => [line.label, line]));
  assert.is(byLabel.get('heater')?.safe, 'inactive');
  assert.is(byLabel.get('alarm')?.safe, 'hold');
  assert.is(byLabel.get('float-low')?.direction, 'in');
  assert.is(byLabel.get('watchdog')?.reserved, true);
  assert.equal(sim.serialPorts, [
    {
      label: 'meter',
      baudRate: 9_600,
      dataBits: 8,
      stopBits: 1,
      parity: 'none',
      framing: { kind: 'line', maxBytes: 64, ending: 'auto' },
    },
  ]);
});

board('a serial port has sensible settings where the file is silent', () => {
  assert.equal(parseBoard('b.toml', `${SERIAL}path = "/dev/ttyUSB0"\n`).serialPorts, [
    {
      label: 'meter',
      path: '/dev/ttyUSB0',
      baudRate: 9_600,
      dataBits: 8,
      stopBits: 1,
      parity: 'none',
      framing: { kind: 'line', maxBytes: 256, ending: 'auto' },
    },
  ]);
});

board('a refused file is named, with the path of the key', () => {
  const error = refusal(`${LINE}colour = "red"\n`);
  assert.is(error.code, 'SETTINGS_INVALID');
  assert.is(error.file, 'b.toml');
  assert.is(error.keyPath, 'line[0].colour');
  assert.match(error.message, /b\.toml.*line\[0\]\.colour/);
});

board('an output without a safe value is refused, and an input with one', () => {
  assert.is(refusal(LINE.replace('safe = "inactive"\n', '')).keyPath, 'line[0].safe');
  assert.is(refusal(LINE.replace('"out"', '"in"')).keyPath, 'line[0].safe');
});

board('labels that are not kebab-case or too long are refused', () => {
  parseBoard('b.toml', LINE.replace('heater', 'a'.repeat(64)));
  for (const label of ['', 'Heater', 'a--b', '-a', 'a-', 'a b', '../x', 'a'.repeat(65), 'ä']) {
    assert.is(refusal(LINE.replace('heater', label)).keyPath, 'line[0].label', label);
  }
});

board('a label that comes twice is refused', () => {
  const second = LINE.slice(LINE.indexOf('[['));
  assert.is(refusal(LINE + second).keyPath, 'line[1]');
  assert.is(refusal(SERIAL + SERIAL.slice(SERIAL.indexOf('[['))).keyPath, 'serial[1]');
});

board('values next to the accepted ones are refused', () => {
  const cases: [string, string][] = [
    [LINE.replace('"out"', '"inout"'), 'line[0].direction'],
    [LINE.replace('"inactive"', '"low"'), 'line[0].safe'],
    [`${LINE}reserved = 1\n`, 'line[0].reserved'],
    [SERIAL.replace('9600', '49'), 'serial[0].baud-rate'],
    [SERIAL.replace('9600', '4000001'), 'serial[0].baud-rate'],
    [SERIAL.replace('9600', '9600.5'), 'serial[0].baud-rate'],
    [`${SERIAL}data-bits = 9\n`, 'serial[0].data-bits'],
    [`${SERIAL}stop-bits = 3\n`, 'serial[0].stop-bits'],
    [`${SERIAL}parity = "yes"\n`, 'serial[0].parity'],
    [`${SERIAL}path = "dev/tty"\n`, 'serial[0].path'],
    [`${SERIAL}framing = { kind = "line", max-bytes = 0 }\n`, 'serial[0].framing.max-bytes'],
    [`${SERIAL}framing = { kind = "line", max-bytes = 4097 }\n`, 'serial[0].framing.max-bytes'],
    [`${SERIAL}framing = { kind = "slip" }\n`, 'serial[0].framing.kind'],
    ['', 'name'],
  ];
  for (const [text, keyPath] of cases) assert.is(refusal(text).keyPath, keyPath, text);
});

board('text that is not TOML, touches prototypes or is too long is refused', () => {
  assert.is(refusal('name = [').code, 'SETTINGS_SYNTAX');
  assert.is(refusal('name = "b"\n__proto__.x = 1').code, 'SETTINGS_SYNTAX');
  const long = `${LINE}#${'x'.repeat(SETTINGS_CHARACTERS_MAX)}`;
  assert.is(refusal(long).code, 'SETTINGS_TOO_LARGE');
});

board('more lines than a board may have are refused', () => {
  const line = (index: number) => `[[line]]\nlabel = "l${index}"\ndirection = "in"\n`;
  const lines = (count: number) =>
    `name = "b"\n${Array.from({ length: count }, (_, index) => line(index)).join('')}`;
  assert.is(parseBoard('b.toml', lines(256)).lines.length, 256);
  assert.is(refusal(lines(257)).keyPath, 'line');
});

board('a board names the class that releases can be for, as a label', () => {
  assert.is(parseBoard('b.toml', 'name = "attic"\n').boardClass, undefined);
  assert.is(parseBoard('b.toml', 'name = "attic"\nclass = "pi-4"\n').boardClass, 'pi-4');
  assert.throws(() => parseBoard('b.toml', 'name = "attic"\nclass = "Pi 4"\n'), /class/);
});

board.run();
