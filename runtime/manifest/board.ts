import * as v from 'valibot';
import {
  BOARD_LINES_MAX,
  BOARD_SERIAL_PORTS_MAX,
  type Board,
  type BoardLine,
  type BoardSerialPort,
  SERIAL_FRAME_BYTES_MAX,
} from '../ports/board.ts';
import {
  integerSchema,
  labelSchema,
  parseTomlTable,
  requireShape,
  requireUnique,
  SettingsError,
} from './gateway-config-toml.ts';

/** Characters of a description or a device path. */
const TEXT_CHARACTERS_MAX = 256;

const descriptionSchema = v.pipe(v.string(), v.maxLength(TEXT_CHARACTERS_MAX));

const lineSchema = v.strictObject({
  label: labelSchema,
  direction: v.picklist(['in', 'out']),
  safe: v.optional(v.picklist(['inactive', 'active', 'hold'])),
  reserved: v.optional(v.boolean(), false),
  description: v.optional(descriptionSchema, ''),
});

const framingSchema = v.strictObject({
  kind: v.literal('line'),
  'max-bytes': v.optional(integerSchema(1, SERIAL_FRAME_BYTES_MAX), 256),
  ending: v.optional(v.picklist(['lf', 'crlf', 'cr', 'auto']), 'auto'),
});

const serialSchema = v.strictObject({
  label: labelSchema,
  path: v.optional(
    v.pipe(
      v.string(),
      v.maxLength(TEXT_CHARACTERS_MAX),
      v.regex(/^\/[\x21-\x7e]+$/, 'must be an absolute path without spaces'),
    ),
  ),
  'baud-rate': integerSchema(50, 4_000_000),
  'data-bits': v.optional(v.picklist([5, 6, 7, 8]), 8),
  'stop-bits': v.optional(v.picklist([1, 1.5, 2]), 1),
  parity: v.optional(v.picklist(['none', 'even', 'odd', 'mark', 'space']), 'none'),
  framing: v.optional(framingSchema, { kind: 'line' }),
});

const boardSchema = v.strictObject({
  name: labelSchema,
  class: v.exactOptional(labelSchema),
  line: v.optional(v.pipe(v.array(lineSchema), v.maxLength(BOARD_LINES_MAX)), []),
  serial: v.optional(v.pipe(v.array(serialSchema), v.maxLength(BOARD_SERIAL_PORTS_MAX)), []),
});

/**
 * Returns the board written in `text` (TOML: `name`, `class`, `[[line]]`, `[[serial]]`). `file` is
 * only named in errors.
 * @throws SettingsError SETTINGS_SYNTAX, SETTINGS_INVALID, SETTINGS_TOO_LARGE
 */
export function parseBoard(file: string, text: string): Board {
  const parsed = requireShape(file, parseTomlTable(file, text), boardSchema);
  const lines = parsed.line.map((line, index) => boardLine(file, index, line));
  const serialPorts = parsed.serial.map(boardSerialPort);
  requireUnique(
    file,
    'line',
    lines.map(line => line.label),
  );
  requireUnique(
    file,
    'serial',
    serialPorts.map(port => port.label),
  );
  const { name, class: boardClass } = parsed;
  return { name, ...(boardClass !== undefined && { boardClass }), lines, serialPorts };
}

function boardLine(file: string, index: number, line: v.InferOutput<typeof lineSchema>): BoardLine {
  const { label, direction, reserved, description } = line;
  if (direction === 'in' && line.safe !== undefined) {
    throw new SettingsError(
      'SETTINGS_INVALID',
      `line[${index}].safe: "${label}" is an input and is never driven; remove the key`,
      { file, keyPath: `line[${index}].safe` },
    );
  }
  // An output without a safe value is a decision nobody took: it has to be written down.
  if (direction === 'out' && line.safe === undefined) {
    throw new SettingsError(
      'SETTINGS_INVALID',
      `line[${index}].safe: is missing; say "inactive", "active" or "hold" for output "${label}"`,
      { file, keyPath: `line[${index}].safe` },
    );
  }
  return { label, direction, safe: line.safe ?? 'hold', reserved, description };
}

function boardSerialPort(port: v.InferOutput<typeof serialSchema>): BoardSerialPort {
  return {
    label: port.label,
    ...(port.path === undefined ? {} : { path: port.path }),
    baudRate: port['baud-rate'],
    dataBits: port['data-bits'],
    stopBits: port['stop-bits'],
    parity: port.parity,
    framing: {
      kind: port.framing.kind,
      maxBytes: port.framing['max-bytes'],
      ending: port.framing.ending,
    },
  };
}
