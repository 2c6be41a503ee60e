import { SlotSession } from '../../../runtime/components/slot-session.ts';
import type { Timer } from '../../../runtime/ports/clock.ts';
import type { EndReason, HostCallHandler } from '../../../runtime/ports/component-host.ts';
import {
  appendMessage,
  compileContract,
  messageSink,
  type ProtocolError,
  writeActivated,
} from '../../../runtime/transport/index.ts';
import { testContract } from './test-contract.ts';

/** A session whose other end is the test: what it sends, and every way to answer. */
export interface FakeWorker {
  readonly session: SlotSession;
  readonly calls: Buffer[];
  readonly answers: Buffer[];
  readonly violations: ProtocolError[];
  readonly ends: EndReason[];
  readonly logs: string[];
  readonly nonce: Uint8Array;
  /** Runs what waits for the end of the turn. */
  endTurn(): void;
  /** Moves the clock and fires what is due. */
  advance(ms: number): void;
  /** Says what the host's worker thread has used of the processor from now on. */
  useCpu(totalMs: number): void;
  /** Runs what waits for the sockets to have been read. */
  afterReading(): void;
  /** Makes the session receive one message. */
  send(type: number, id: number, payload: (sink: ReturnType<typeof messageSink>) => void): void;
}

/** Opens a session in slot 0 with a nonce echoed and the instance standing. */
export function fakeWorker(onHostCall: HostCallHandler = () => 0): FakeWorker {
  const nonce = Uint8Array.from({ length: 16 }, (_, index) => index + 1);
  const calls: Buffer[] = [];
  const answers: Buffer[] = [];
  const violations: ProtocolError[] = [];
  const ends: EndReason[] = [];
  const logs: string[] = [];
  const tasks: (() => void)[] = [];
  const readings: (() => void)[] = [];
  const timers = new Set<{ atMs: number; task: () => void }>();
  let nowMs = 0;
  let cpuMs: number | null = null;
  const session = new SlotSession({
    slot: 0,
    nonce,
    codecs: compileContract(testContract),
    wires: {
      writeCall: bytes => calls.push(Buffer.from(bytes)),
      writeHost: bytes => answers.push(Buffer.from(bytes)),
      atEndOfTurn: task => tasks.push(task),
      afterReading: task => readings.push(task),
      threadTimes: () => (cpuMs === null ? null : new Map([[7, cpuMs]])),
    },
    clock: {
      monotonicMs: () => nowMs,
      monotonicNs: () => BigInt(nowMs) * 1_000_000n,
      wallMs: () => nowMs,
      after: (delayMs, task): Timer => {
        const timer = { atMs: nowMs + delayMs, task };
        timers.add(timer);
        return { cancel: () => void timers.delete(timer) };
      },
    },
    request: {
      limits: { memoryBytesMax: 1_000_000, callDeadlineMs: 100, callsInFlightMax: 8 },
      onHostCall,
      onLog: (level, context, message) => logs.push(`${level} ${context} ${message}`),
    },
    onOpened: () => {},
    onActivated: () => {},
    onEnd: reason => ends.push(reason),
    onViolation: error => violations.push(error),
  });
  const send: FakeWorker['send'] = (type, id, payload) => {
    const sink = messageSink();
    appendMessage(sink, { type, id, slot: 0 }, payload);
    session.receive(Buffer.from(sink.written()));
  };
  session.open();
  session.receive(Buffer.concat([Buffer.from('left by another session'), Buffer.from(nonce)]));
  send(8, 0, sink => writeActivated(sink, { memoryKib: 128, exports: new Set([0, 1]) }));
  return {
    session,
    calls,
    answers,
    violations,
    ends,
    logs,
    nonce,
    send,
    useCpu: totalMs => {
      cpuMs = totalMs;
    },
    endTurn: () => {
      for (const task of tasks.splice(0)) task();
    },
    afterReading: () => {
      for (const task of readings.splice(0)) task();
    },
    advance: ms => {
      nowMs += ms;
      for (const timer of [...timers].filter(({ atMs }) => atMs <= nowMs)) {
        timers.delete(timer);
        timer.task();
      }
    },
  };
}
