import type { Clock } from '../ports/clock.ts';
import {
  type ActivationRequest,
  type Assembly,
  type AssemblyPart,
  ComponentError,
  type EndReason,
  PROBED_WALLS,
  type StagedArtifact,
  type Wall,
} from '../ports/component-host.ts';
import type { Random } from '../ports/random.ts';
import {
  CONTROL_MESSAGES,
  CONTROL_SLOT,
  CONTROL_UP_TYPES,
  type ContractCodecs,
  FRAME_PAYLOAD_BYTES_MAX,
  FRAME_TYPE,
  FrameReader,
  frameHeader,
  type Message,
  NONCE_BYTES,
  ProtocolError,
  STALE_BYTES_MAX,
} from '../transport/index.ts';
import { Instance } from './instance.ts';
import { SlotSession, type SlotWires } from './slot-session.ts';

/** Walls, and characters of their texts, that are taken from a host's greeting. */
const WALLS_MAX = 16;
const WALL_TEXT_LENGTH_MAX = 200;

/** A started host process as a run uses it. */
export interface RunProcess {
  readonly wires: readonly SlotWires[];
  writeControl(parts: readonly Uint8Array[]): void;
  kill(): void;
  /** Adds what the kernel says to what the process said of itself. */
  walls(probed: readonly Wall[]): readonly Wall[];
}

/** Bounds in time of what a host does. */
export interface HostTimes {
  /** From the start of the process to its greeting, and of a worker to its taking a slot. */
  readonly startDeadlineMs: number;
  readonly prepareDeadlineMs: number;
  readonly activationDeadlineMs: number;
  readonly killGraceMs: number;
}

/** What a run is made of. */
export interface HostRunOptions {
  readonly codecs: ContractCodecs;
  readonly contractDigest: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly times: HostTimes;
  /** The host sent what it must not send, or did not end a worker: it is being killed. */
  readonly onViolation: (message: string) => void;
}

/** Why a host's greeting was refused; a restart would not help. */
export class WrongContract extends Error {}

/**
 * One life of a host process: from its start to its exit. What it sends is checked here; after
 * the first violation nothing of it is read any more.
 */
export class HostRun {
  /** Resolves at the greeting; rejects when the process ended before or greets wrongly. */
  readonly ready: Promise<void>;
  private readonly options: HostRunOptions;
  private readonly process: RunProcess;
  private readonly reader = new FrameReader({ slot: CONTROL_SLOT, types: CONTROL_UP_TYPES });
  private readonly greeting = Promise.withResolvers<void>();
  private readonly compiling = new Map<number, PromiseWithResolvers<void>>();
  private readonly prepared = new Map<number, Promise<void>>();
  private readonly occupants = new Map<number, { session: SlotSession; instance: Instance }>();
  /** Bytes that came up the socket of a slot while it was free. */
  private readonly strayBytes = new Map<number, number>();
  private probedWalls: readonly Wall[] = [];
  private distrusted = false;
  private greeted = false;

  constructor(options: HostRunOptions, process: RunProcess) {
    this.options = options;
    this.process = process;
    this.ready = this.greeting.promise;
    // Nobody may be waiting when it rejects.
    this.ready.catch(() => {});
    const { startDeadlineMs } = options.times;
    const timer = options.clock.after(startDeadlineMs, () => {
      this.kill(`the host did not greet within ${startDeadlineMs} ms`);
    });
    this.ready.finally(() => timer.cancel()).catch(() => {});
  }

  /** Instances in this process. */
  get workers(): number {
    return this.occupants.size;
  }

  /** Whether the process came as far as its greeting. */
  get hasGreeted(): boolean {
    return this.greeted;
  }

  /** Walls that the process probed and that the kernel vouches for. */
  walls(): readonly Wall[] {
    return this.greeted ? this.process.walls(this.probedWalls) : [];
  }

  /** Sends an assembly once; later calls wait for the same answer. */
  prepare(id: number, assembly: Assembly): Promise<void> {
    let answer = this.prepared.get(id);
    if (answer === undefined) {
      answer = this.send(id, assembly);
      answer.catch(() => this.prepared.delete(id));
      this.prepared.set(id, answer);
    }
    return answer;
  }

  /** Forgets a component. */
  forget(id: number): void {
    if (!this.prepared.delete(id)) return;
    this.process.writeControl([CONTROL_MESSAGES.forget.encode(id, {})]);
  }

  /** Puts a prepared component into a free slot. Rejects with ComponentError. */
  async activate(id: number, request: ActivationRequest): Promise<Instance> {
    const slot = this.process.wires.findIndex((_, index) => !this.occupants.has(index));
    const wires = this.process.wires[slot];
    if (wires === undefined) {
      throw new ComponentError('COMPONENT_SLOTS_FULL', 'every slot of component-host is taken');
    }
    const instance = this.occupy(slot, wires, id, request);
    await instance.activated;
    return instance;
  }

  /** Takes bytes of the control socket. */
  onControl(chunk: Buffer): void {
    this.guarded(null, () => {
      for (const message of this.reader.push(chunk)) {
        if (this.distrusted) return;
        this.take(message);
      }
    });
  }

  /** Takes bytes of a slot's host socket; what comes when the slot is free is a killed worker's. */
  onSlot(slot: number, chunk: Buffer): void {
    if (this.distrusted) return;
    const occupant = this.occupants.get(slot);
    if (occupant !== undefined) {
      occupant.session.receive(chunk);
      return;
    }
    const bytes = (this.strayBytes.get(slot) ?? 0) + chunk.length;
    this.strayBytes.set(slot, bytes);
    if (bytes > STALE_BYTES_MAX) this.violation(slot, `${bytes} bytes while the slot was free`);
  }

  /** Bytes came up a call socket, where nothing may come. */
  onStray(slot: number): void {
    this.violation(slot, 'bytes on a socket that only carries calls');
  }

  /** The process is gone. */
  onExit(detail: string): void {
    this.distrusted = true;
    const error = new ComponentError('COMPONENT_HOST_LOST', `component-host ${detail}`);
    this.greeting.reject(error);
    for (const { reject } of this.compiling.values()) reject(error);
    this.compiling.clear();
    for (const { instance } of [...this.occupants.values()]) {
      instance.handle({ kind: 'host-lost', message: error.message });
    }
    this.occupants.clear();
  }

  /** Kills the process and says why. */
  kill(message: string): void {
    if (!this.distrusted) this.options.onViolation(message);
    this.distrusted = true;
    this.process.kill();
  }

  private occupy(slot: number, wires: SlotWires, id: number, request: ActivationRequest): Instance {
    const { clock, random, codecs, times } = this.options;
    const nonce = random.bytes(NONCE_BYTES);
    const { identity, granted, config } = request.snapshot;
    const memoryBytesMax = BigInt(request.limits.memoryBytesMax);
    // First, because it throws for a snapshot that no message holds: the slot must stay free then.
    const message = { slot, nonce, memoryBytesMax, identity, granted, config };
    const activate = CONTROL_MESSAGES.activate.encode(id, message);
    const session = new SlotSession({
      slot,
      nonce,
      codecs,
      wires,
      clock,
      request,
      onOpened: () => instance.onOpened(),
      onActivated: activated => instance.onActivated(activated),
      onEnd: reason => instance.handle({ kind: 'end', reason }),
      onViolation: error => this.violation(slot, error.message),
    });
    const instance = new Instance({
      session,
      clock,
      afterReading: wires.afterReading,
      killGraceMs: times.killGraceMs,
      threadTimes: wires.threadTimes,
      startDeadlineMs: times.startDeadlineMs,
      activationDeadlineMs: times.activationDeadlineMs,
      owner: {
        terminateWorker: () => {
          this.process.writeControl([CONTROL_MESSAGES.terminate.encode(0, { slot })]);
        },
        killHost: message => this.kill(message),
        onFinish: () => void this.occupants.delete(slot),
      },
    });
    this.occupants.set(slot, { session, instance });
    this.strayBytes.delete(slot);
    session.open();
    this.process.writeControl([activate]);
    return instance;
  }

  private async send(id: number, { own, parts, links }: Assembly): Promise<void> {
    const { clock, times } = this.options;
    const answer = Promise.withResolvers<void>();
    this.compiling.set(id, answer);
    const announced = ({ name, artifact }: AssemblyPart) => {
      return { name, pieceBytes: piecesOf(artifact).map(({ length }) => length) };
    };
    const prepare = { own: announced(own), parts: parts.map(announced), links };
    const pieces = [own, ...parts].flatMap(({ artifact }) => piecesOf(artifact));
    this.process.writeControl([
      CONTROL_MESSAGES.prepare.encode(id, prepare),
      ...pieces.flatMap(piece => chunksOf(piece, id)),
    ]);
    const timer = clock.after(times.prepareDeadlineMs, () => {
      this.kill(`the host did not compile within ${times.prepareDeadlineMs} ms`);
    });
    await answer.promise.finally(() => timer.cancel());
  }

  private take(message: Message): void {
    if (!this.greeted) {
      this.takeHello(message);
    } else if (message.type === FRAME_TYPE.compiled) {
      CONTROL_MESSAGES.compiled.decode(message);
      this.takeCompiling(message.id).resolve();
    } else if (message.type === FRAME_TYPE.compileFailed) {
      const { reason } = CONTROL_MESSAGES.compileFailed.decode(message);
      const error = new ComponentError('COMPONENT_COMPILE_FAILED', reason);
      this.takeCompiling(message.id).reject(error);
    } else if (message.type === FRAME_TYPE.released) {
      const { slot, error } = CONTROL_MESSAGES.released.decode(message);
      const wires = this.process.wires[slot];
      const occupant = this.occupants.get(slot);
      if (occupant === undefined) throw wrong(`a release of slot ${slot}, which is free`);
      // The worker's last words came before, on another socket, and may lie unread.
      wires?.afterReading(() => occupant.instance.handle({ kind: 'released', error }));
    } else {
      throw wrong('a second greeting');
    }
  }

  private takeHello(message: Message): void {
    if (message.type !== FRAME_TYPE.hello) throw wrong('no greeting first');
    const { contractDigest, walls } = CONTROL_MESSAGES.hello.decode(message);
    if (contractDigest !== this.options.contractDigest) {
      this.greeting.reject(new WrongContract('component-host is of another build'));
      this.kill('the host has another contract');
      return;
    }
    const short = (text: string) => text.slice(0, WALL_TEXT_LENGTH_MAX);
    // What only the kernel knows is not taken from the process itself.
    this.probedWalls = walls.slice(0, WALLS_MAX).flatMap(({ name, state, detail }) => {
      const known = PROBED_WALLS.find(wall => wall === name);
      return known === undefined ? [] : [{ name: known, state, detail: short(detail) }];
    });
    this.greeted = true;
    this.greeting.resolve();
  }

  private takeCompiling(id: number): PromiseWithResolvers<void> {
    const found = this.compiling.get(id);
    if (found === undefined) throw wrong(`an answer about component ${id}, which nobody sent`);
    this.compiling.delete(id);
    return found;
  }

  private guarded(slot: number | null, run: () => void): void {
    if (this.distrusted) return;
    try {
      run();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.violation(slot, error.message);
    }
  }

  private violation(slot: number | null, message: string): void {
    if (this.distrusted) return;
    const where = slot === null ? 'on the control socket' : `in slot ${slot}`;
    const reason: EndReason = { kind: 'protocol', message: `the host sent ${message}` };
    if (slot !== null) this.occupants.get(slot)?.instance.handle({ kind: 'end', reason });
    this.kill(`${reason.message} ${where}`);
  }
}

function wrong(message: string): ProtocolError {
  return new ProtocolError('PROTOCOL_FRAME', message);
}

function piecesOf({ plan, modules }: StagedArtifact): readonly Uint8Array[] {
  return [plan, ...modules];
}

/** Headers and views of the piece's bytes; nothing is copied. */
function chunksOf(piece: Uint8Array, id: number): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < piece.length; at += FRAME_PAYLOAD_BYTES_MAX) {
    const chunk = piece.subarray(at, at + FRAME_PAYLOAD_BYTES_MAX);
    chunks.push(frameHeader(chunk.length, { type: FRAME_TYPE.chunk, id, slot: CONTROL_SLOT }));
    chunks.push(chunk);
  }
  return chunks;
}
