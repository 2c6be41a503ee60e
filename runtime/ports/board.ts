/**
 * What a gateway's board offers, by label: the value of a board file. Guests, grants and logs
 * speak of labels only; paths and line numbers stay between the board file and the drivers.
 */
export interface Board {
  /** Kebab-case, at most 64 characters. */
  readonly name: string;
  /** The kind of board that releases can be for, named as `name`; absent: `name` itself. */
  readonly boardClass?: string;
  /** At most `BOARD_LINES_MAX`; labels are unique. */
  readonly lines: readonly BoardLine[];
  /** At most `BOARD_SERIAL_PORTS_MAX`; labels are unique. */
  readonly serialPorts: readonly BoardSerialPort[];
}

/** What an output is driven to when nobody is in charge of it. */
export type SafeState = 'inactive' | 'active' | 'hold';

/** A digital line. */
export interface BoardLine {
  /** Kebab-case, at most 64 characters. */
  readonly label: string;
  readonly direction: 'in' | 'out';
  /** `hold` for every input: nothing drives it. */
  readonly safe: SafeState;
  /** The gateway's own (watchdog, power, boot): no grant reaches it, whatever policy says. */
  readonly reserved: boolean;
  /** For people. May be empty. */
  readonly description: string;
}

/** A serial port with its settings on the wire. */
export interface BoardSerialPort {
  /** Kebab-case, at most 64 characters. */
  readonly label: string;
  /** Device path; absent where the port is simulated or its path is known at run time only. */
  readonly path?: string;
  /** Bits per second. */
  readonly baudRate: number;
  readonly dataBits: 5 | 6 | 7 | 8;
  readonly stopBits: 1 | 1.5 | 2;
  readonly parity: 'none' | 'even' | 'odd' | 'mark' | 'space';
  readonly framing: SerialFraming;
}

/** How bytes become frames: lines without their end, empty ones left out. */
export interface SerialFraming {
  readonly kind: 'line';
  /** A longer line is dropped and counted as lost. */
  readonly maxBytes: number;
  /** `auto` takes either end; with `lf` a carriage return is part of the line. */
  readonly ending: 'lf' | 'crlf' | 'cr' | 'auto';
}

/** Lines of one board. */
export const BOARD_LINES_MAX = 256;

/** Serial ports of one board. */
export const BOARD_SERIAL_PORTS_MAX = 32;

/** Bytes of one frame; a board's `maxBytes` is at most this. */
export const SERIAL_FRAME_BYTES_MAX = 4_096;

/** Characters of a label. */
export const LABEL_CHARACTERS_MAX = 64;
