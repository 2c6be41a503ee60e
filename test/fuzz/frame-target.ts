import { HostRun } from '../../runtime/components/host-run.ts';
import { parseShape } from '../../runtime/components/shape-parser.ts';
import { encodeStageAnswer, parseStageAnswer } from '../../runtime/components/stage-answer.ts';
import {
  ANSWER_TYPES,
  appendMessage,
  type ByteSink,
  CALL_TYPES,
  CONTROL_DOWN_TYPES,
  CONTROL_MESSAGES,
  CONTROL_SLOT,
  compileContract,
  FRAME_TYPE,
  FrameReader,
  HOST_CALL_NONCE_BYTES,
  messageSink,
  ProtocolError,
  sourceOf,
  writeActivated,
  writeFault,
  writeLogLine,
} from '../../runtime/transport/index.ts';
import { contractDigest, exportFunctions, importFunctions } from '../../wit/generated/contract.ts';
import { alone } from '../components/support/alone.ts';
import { fakeWorker } from '../components/support/fake-worker.ts';
import { EXPORT } from '../components/support/test-contract.ts';
import { mutate, type Random } from './mutate.ts';
import { Defect, type Target } from './target.ts';

/** A reader of hostile bytes: what it reads by right, and what takes it. */
interface Side {
  readonly name: string;
  readonly bytes: readonly Uint8Array[];
  take(bytes: Buffer, random: Random): string;
}

const CONTRACT = { imports: importFunctions, exports: exportFunctions, digest: contractDigest };
const CODECS = compileContract(CONTRACT);
const NOTHING = new Uint8Array(0);

/** Streams of frames, changed and cut anywhere, into every reader of both processes. */
export function frameTarget(): Target {
  const sides = [slotSide(), controlSide(), ...downSides(), stageSide()];
  // The first random number says whose mutant it is; `take` is told by the mutant's first byte.
  return {
    name: 'frames',
    mutant: random => {
      const at = random(sides.length);
      const seeds = sides[at]?.bytes ?? [];
      const seed = seeds[random(seeds.length)] ?? NOTHING;
      const other = seeds[random(seeds.length)] ?? NOTHING;
      return Buffer.concat([Uint8Array.of(at), mutate(seed, other, 0, random)]);
    },
    take: (bytes, random) => {
      const side = sides[bytes[0] ?? 0];
      if (side === undefined) throw new Error('a mutant for nobody');
      try {
        return `${side.name}: ${side.take(Buffer.from(bytes.subarray(1)), random)}`;
      } catch (error) {
        if (error instanceof ProtocolError) return `${side.name}: ${error.code}`;
        throw new Defect(`${side.name}: ${error instanceof Error ? error.stack : error}`);
      }
    },
  };
}

/** Cuts bytes into pieces of random lengths; now and then into single bytes. */
function pieces(bytes: Buffer, random: Random): readonly Buffer[] {
  const largest = random(4) === 0 ? 1 : 1 + random(64);
  const cut: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = 1 + random(largest);
    cut.push(bytes.subarray(at, at + length));
    at += length;
  }
  return cut;
}

function framed(type: number, id: number, slot: number, write: (sink: ByteSink) => void): Buffer {
  const sink = messageSink();
  appendMessage(sink, { type, id, slot }, write);
  return Buffer.from(sink.written());
}

/** What a worker sends, into gatewayd's session of its slot. */
function slotSide(): Side {
  const { nonce } = fakeWorker();
  const hostCall = framed(FRAME_TYPE.hostCall, 1, 0, sink => {
    sink.bytes(nonce.subarray(0, HOST_CALL_NONCE_BYTES));
    sink.u16(0);
    sink.u32(7);
  });
  const reply = framed(FRAME_TYPE.reply, 1, 0, sink => {
    for (const number of [0, 64, 3]) sink.u32(number);
    sink.bytes(Uint8Array.of(1, 2, 3));
  });
  const log = framed(FRAME_TYPE.log, 0, 0, sink => writeLogLine(sink, 2, 'context', 'text'));
  const fault = framed(FRAME_TYPE.fault, 0, 0, sink =>
    writeFault(sink, { exited: false, text: 'it trapped' }),
  );
  const standing = framed(FRAME_TYPE.activated, 0, 0, sink => {
    writeActivated(sink, { memoryKib: 64, exports: new Set([0, 1]) });
  });
  return {
    name: 'slot',
    bytes: [hostCall, reply, log, fault, standing, Buffer.concat([log, hostCall, reply, fault])],
    take: (bytes, random) => {
      const worker = fakeWorker();
      const call = worker.session.call(EXPORT.echo, [Uint8Array.of(1)]);
      call.catch(() => undefined);
      for (const piece of pieces(bytes, random)) {
        worker.session.receive(piece);
        if (worker.violations.length > 0) break;
      }
      const verdict = worker.violations.length > 0 ? 'violation' : 'taken';
      worker.session.close('the mutant is over');
      return verdict;
    },
  };
}

/** What component-host's main thread sends, into gatewayd. */
function controlSide(): Side {
  const hello = CONTROL_MESSAGES.hello.encode(0, {
    contractDigest,
    walls: [{ name: 'files', state: 'up', detail: 'refused' }],
  });
  const compiled = CONTROL_MESSAGES.compiled.encode(1, {});
  const failed = CONTROL_MESSAGES.compileFailed.encode(1, { reason: 'too large' });
  const released = CONTROL_MESSAGES.released.encode(0, { slot: 0, error: 'gone' });
  return {
    name: 'control up',
    bytes: [hello, ...[compiled, failed, released].map(each => Buffer.concat([hello, each]))],
    take: (bytes, random) => {
      let violations = 0;
      const run = new HostRun(
        {
          codecs: CODECS,
          contractDigest,
          clock: stoppedClock(),
          random: { bytes: count => new Uint8Array(count), fraction: () => 0 },
          times: TIMES,
          onViolation: () => {
            violations += 1;
          },
        },
        { wires: [], writeControl: () => {}, kill: () => {}, walls: () => [] },
      );
      run.ready.catch(() => undefined);
      const artifact = {
        digest: '',
        shape: { imports: [], exports: [] },
        plan: NOTHING,
        modules: [],
      };
      run.prepare(1, alone(artifact)).catch(() => undefined);
      for (const piece of pieces(bytes, random)) run.onControl(piece);
      run.onExit('the mutant is over');
      return violations > 0 ? 'violation' : 'taken';
    },
  };
}

const TIMES = {
  startDeadlineMs: 1_000,
  prepareDeadlineMs: 1_000,
  activationDeadlineMs: 1_000,
  killGraceMs: 1_000,
};

function stoppedClock() {
  const after = () => ({ cancel: () => undefined });
  return { monotonicMs: () => 0, monotonicNs: () => 0n, wallMs: () => 0, after };
}

/** What gatewayd sends, into component-host and its workers. */
function downSides(): readonly Side[] {
  const call = framed(FRAME_TYPE.call, 1, 0, sink => {
    sink.u16(0);
    sink.u32(10);
    sink.bytes(new Uint8Array(40));
  });
  const answer = framed(FRAME_TYPE.answer, 1, 0, sink => sink.bytes(new Uint8Array(24)));
  const control = [
    CONTROL_MESSAGES.prepare.encode(1, {
      own: { name: 'guest', pieceBytes: [10, 20] },
      parts: [{ name: 'part', pieceBytes: [5] }],
      links: [{ importer: 'guest', interface: 'a:b/c@1.0.0', exporter: 'part' }],
    }),
    CONTROL_MESSAGES.forget.encode(1, {}),
    CONTROL_MESSAGES.terminate.encode(0, { slot: 0 }),
    CONTROL_MESSAGES.activate.encode(1, {
      slot: 0,
      nonce: new Uint8Array(16),
      memoryBytesMax: 65_536n,
      identity: { name: 'a', version: '1.0.0', slot: 'a', instance: 1n },
      granted: ['mqtt:main/a[pub]'],
      config: [['key', 'value']],
    }),
  ];
  return [
    reading('calls', [call], 0, CALL_TYPES, (type, source) => {
      if (type !== FRAME_TYPE.call) return;
      const codec = CODECS.exports[source.u16()];
      source.u32();
      codec?.decodeParams(source);
    }),
    reading('answers', [answer], 0, ANSWER_TYPES, (type, source, random) => {
      if (type !== FRAME_TYPE.answer || source.u8() !== 0) return;
      CODECS.imports[random(CODECS.imports.length)]?.decodeResult(source);
    }),
    {
      name: 'control down',
      bytes: [...control, Buffer.concat(control)],
      take: (bytes, random) => {
        const reader = new FrameReader({ slot: CONTROL_SLOT, types: CONTROL_DOWN_TYPES });
        for (const message of pieces(bytes, random).flatMap(piece => reader.push(piece))) {
          const form = Object.values(CONTROL_MESSAGES).find(({ type }) => type === message.type);
          form?.decode(message);
        }
        return 'taken';
      },
    },
  ];
}

type Decode = (type: number, source: ReturnType<typeof sourceOf>, random: Random) => void;

function reading(
  name: string,
  bytes: readonly Buffer[],
  slot: number,
  types: ReadonlySet<number>,
  decode: Decode,
): Side {
  return {
    name,
    bytes,
    take: (mutant, random) => {
      const reader = new FrameReader({ slot, types });
      const messages = pieces(mutant, random).flatMap(piece => reader.push(piece));
      for (const message of messages) decode(message.type, sourceOf(message), random);
      return 'taken';
    },
  };
}

/** What a stage process answers, into gatewayd. */
function stageSide(): Side {
  const shape = JSON.stringify({
    imports: [{ name: 'a:b/c@1.0.0', functions: [], resources: [] }],
    exports: [
      {
        name: 'a:b/d@1.0.0',
        resources: [],
        functions: [{ name: 'f', params: [{ name: 'p', type: { kind: 'u8' } }], result: null }],
      },
    ],
  });
  const plan = Uint8Array.of(1, 2, 3);
  const staged = { kind: 'staged', shape, plan, modules: [plan, plan] } as const;
  const refused = { kind: 'refused', reason: 'LINK_LIMIT: too much' } as const;
  return {
    name: 'stage answer',
    bytes: [staged, refused].map(answer => Buffer.concat(encodeStageAnswer(answer))),
    take: bytes => {
      const answer = parseStageAnswer(bytes);
      if (answer.kind === 'refused') return 'refused';
      try {
        parseShape(answer.shape);
      } catch (error) {
        // Its own refusals are plain errors; JSON's are of its own class.
        if (error instanceof SyntaxError) return 'no JSON';
        if (error instanceof Error && error.constructor === Error) return 'no shape';
        throw error;
      }
      return 'taken';
    },
  };
}
