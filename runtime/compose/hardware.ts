import { openSerialPorts } from '../../drivers/serial/serial-ports.ts';
import { type LineChange, SimulatedBoard } from '../../drivers/simulated/board.ts';
import { startMeter } from '../../drivers/simulated/meter.ts';
import { openPtyPair } from '../../drivers/simulated/pty-pair-io.ts';
import { createSeededRandom } from '../../drivers/simulated/seeded-random.ts';
import { SimulatedSerial } from '../../drivers/simulated/serial-lines.ts';
import type { SimulationConfig } from '../manifest/gateway-config.ts';
import type { Board, BoardSerialPort } from '../ports/board.ts';
import type { Clock } from '../ports/clock.ts';
import type { GpioPort } from '../ports/gpio.ts';
import type { Log } from '../ports/log.ts';
import type { Random } from '../ports/random.ts';
import type { SerialPort } from '../ports/serial.ts';
import { GatewayStartError } from './errors.ts';
import type { SerialPortState } from './status-report.ts';

/** The lines and serial ports of the gateway, whichever drivers stand behind them. */
export interface Hardware {
  readonly gpio: GpioPort;
  readonly serial: SerialPort;
  /** The simulated board, for watching and driving by hand; null on a real one. */
  readonly simulated: SimulatedLines | null;
  /** Serial ports that have a device, and whether it is there. */
  serialPorts(): readonly SerialPortState[];
  /** What a person should know: what is simulated, and how. */
  readonly notices: readonly string[];
  close(): Promise<void>;
}

/** What a person can do with simulated lines. */
export interface SimulatedLines {
  drive(label: string, state: 'active' | 'inactive'): void;
  onChange(listener: (change: LineChange) => void): { stop(): void };
}

/** What the hardware is opened from. */
export interface HardwareParts {
  readonly board: Board;
  readonly simulation: SimulationConfig | null;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/**
 * Opens lines and serial ports. @throws GatewayStartError `GATEWAY_NO_LINE_DRIVER` when the board
 * is real: this version has no driver for real lines.
 */
export async function openHardware(parts: HardwareParts): Promise<Hardware> {
  const { board, simulation, clock, random, log } = parts;
  if (simulation === null) {
    throw new GatewayStartError(
      'GATEWAY_NO_LINE_DRIVER',
      'this version drives simulated lines only; add a [simulation] table to gateway.toml',
    );
  }
  const lines = new SimulatedBoard({ board, clock, random: createSeededRandom(simulation.seed) });
  const notices = [`lines of board "${board.name}" are simulated`];
  const meter = await openMeter(parts, simulation, () => lines.read(simulation.heaterLine));
  if (meter !== null) notices.push(meter.notice);
  const path = meter?.path ?? null;
  const ports = board.serialPorts.map(port =>
    path !== null && port.label === simulation.meterPort ? { ...port, path } : port,
  );
  const memory = meter?.memory ?? null;
  const real = memory === null ? openSerialPorts({ ports, clock, random, log }) : null;
  const devices = new Set(ports.filter(port => port.path !== undefined).map(port => port.label));
  return {
    gpio: lines,
    serial: memory ?? real ?? unreachable(),
    simulated: lines,
    serialPorts: () => real?.states().filter(({ label }) => devices.has(label)) ?? [],
    notices,
    close: async () => {
      await real?.close();
      await meter?.close();
    },
  };
}

interface OpenMeter {
  /** Device path of the pseudo-terminal, or null when the ports are in memory. */
  readonly path: string | null;
  readonly memory: SimulatedSerial | null;
  readonly notice: string;
  close(): Promise<void>;
}

/** Starts the simulated meter on a pseudo-terminal, or in memory where none can be had. */
async function openMeter(
  { board, clock }: HardwareParts,
  { meterPort, heaterLine, seed }: SimulationConfig,
  heater: () => 'active' | 'inactive',
): Promise<OpenMeter | null> {
  const port = board.serialPorts.find(({ label }) => label === meterPort);
  if (port === undefined || port.path !== undefined) return null;
  if (!board.lines.some(({ label }) => label === heaterLine)) return null;
  const pair = await openPtyPair();
  const memory = pair === null ? memoryPorts(board.serialPorts, clock, seed) : null;
  const meter = startMeter({
    send: bytes => {
      if (pair !== null) pair.write(bytes);
      else memory?.feed(port.label, bytes);
    },
    heating: () => heater() === 'active',
    clock,
    random: createSeededRandom(seed + 1),
  });
  const where =
    pair === null
      ? 'in memory (install socat, or util-linux for `script`, to have it on a real line)'
      : `on the pseudo-terminal ${pair.path} (by ${pair.tool})`;
  return {
    path: pair?.path ?? null,
    memory,
    notice: `serial port "${port.label}" is a simulated meter ${where}`,
    close: async () => {
      meter.stop();
      await pair?.close();
    },
  };
}

function memoryPorts(
  ports: readonly BoardSerialPort[],
  clock: Clock,
  seed: number,
): SimulatedSerial {
  return new SimulatedSerial({ ports, clock, random: createSeededRandom(seed + 2) });
}

function unreachable(): never {
  throw new Error('serial ports are either in memory or real');
}
