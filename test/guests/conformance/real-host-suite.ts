import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ComponentInstance } from '../../../runtime/ports/component-host.ts';
import { exportIds, importFunctions } from '../../../wit/generated/contract.ts';
import { type RealHost, withRealHost } from '../../bench/real-host.ts';
import { CONFIG, EVENTS, GRANTED, IDENTITY, sectionEvent } from './outcomes.ts';
import { RecordingHost, shown } from './transcript.ts';

const EXPECTED = join(import.meta.dirname, 'expected.txt');
/** Answered in the worker from what the activation brought, the clock and the random source. */
const WORKER_SECTIONS: ReadonlySet<number> = new Set([0, 5, 8]);
const SECTION_SELF = 0;
const SECTION_CLOCKS = 5;

const LIMITS = { memoryBytesMax: 64 << 20, callDeadlineMs: 120_000, callsInFlightMax: 8 };

/** A guest in a worker of the real component-host, with everything that crosses written down. */
class RealGuest {
  readonly lines: string[] = [];
  readonly instance: ComponentInstance;

  constructor(instance: ComponentInstance, lines: string[]) {
    this.instance = instance;
    this.lines = lines;
  }

  async tell(name: string, args: readonly unknown[]): Promise<void> {
    this.lines.push(`${name}(${args.map(shown).join(', ')})`);
    const answer = await this.instance.call(idOf(name), args);
    if (answer !== undefined) this.lines.push(`  = ${shown(answer)}`);
  }
}

/** Adds the tests of one language through both processes: the committed transcript again. */
export function conformanceInRealHost(test: Test, language: string): void {
  test('the committed transcript comes through both processes', async () => {
    await inRealHost(async real => {
      const guest = await activated(real, `conformance-${language}`);
      for (const [index, [event, args]] of EVENTS.entries()) {
        if (!WORKER_SECTIONS.has(sectionAt(index))) await guest.tell(event, args);
      }
      assert.equal(guest.lines, expectedLines(await readFile(EXPECTED, 'utf8')));

      // What the worker answers by itself comes from the activation.
      guest.lines.length = 0;
      await guest.tell(...sectionEvent(SECTION_SELF));
      const record = shown(selfRecord());
      assert.is(guest.lines.at(-1), published('self', record));

      // Waiting is refused: the instance ends, and its end names what it asked for.
      await assertRejects(guest.tell(...sectionEvent(SECTION_CLOCKS)));
      const end = await guest.instance.ended;
      assert.is(end.kind, 'trapped');
      assert.match(end.message ?? '', 'wasi:clocks/monotonic-clock "subscribe-instant" is refused');
    });
  });
}

/** The bench's host tells of a failure as its own; what is wanted here is the assertion. */
async function inRealHost(use: (real: RealHost) => Promise<void>): Promise<void> {
  await withRealHost(use).catch((error: unknown) => {
    throw error instanceof Error && error.cause instanceof Error ? error.cause : error;
  });
}

async function activated(real: RealHost, name: string): Promise<RealGuest> {
  const recorded = new RecordingHost();
  const answers = recorded.imports();
  const instance = await real.host.activate({
    component: await real.prepare(name),
    snapshot: { identity: IDENTITY, granted: GRANTED, config: CONFIG },
    limits: LIMITS,
    onHostCall: (functionId, args) => {
      const asked = importFunctions[functionId];
      const name = asked?.function.name ?? '';
      // When a resource is given back is the guest's business.
      if (name.startsWith('[resource-drop]')) return undefined;
      return answers.get(asked?.interface ?? '')?.functions.get(name)?.(...args);
    },
    onLog: (level, context, message) => {
      recorded.lines.push(`${LOG}(${[level, context, message].map(shown).join(', ')}) -> none`);
    },
  });
  return new RealGuest(instance, recorded.lines);
}

const LOG = '  wasi:logging/logging#log';

function idOf(name: string): number {
  const found = Object.entries(exportIds).find(([key]) => key.endsWith(`#${name}`));
  return found?.[1] ?? -1;
}

/** Returns which section an event runs, or -1. */
function sectionAt(index: number): number {
  const [event, args] = EVENTS[index] ?? ['', []];
  const text = shown(args[0]);
  const match = /connection: "run".*payload: x([0-9a-f]{2})/.exec(text);
  return event === 'on-message' && match !== null ? Number.parseInt(match[1] ?? '', 16) : -1;
}

/** Returns the transcript without what the worker answers by itself. */
function expectedLines(transcript: string): string[] {
  const events = transcript.trimEnd().split(/\n(?=\S)/);
  return events
    .filter((_, index) => !WORKER_SECTIONS.has(sectionAt(index)))
    .flatMap(event => event.split('\n'))
    .filter(line => !line.startsWith('  wasi:config/'));
}

function published(name: string, record: string): string {
  const args = ['"record"', `"${name}"`, record, '"at-most-once"', 'false'].join(', ');
  return `  airssys:mqtt/publisher#publish(${args}) -> {tag: "ok", val: 0n}`;
}

/** Returns what the section `self` records of this identity, these grants, this configuration. */
function selfRecord(): Uint8Array {
  const parts: Buffer[] = [];
  const puts = (text: string): void => {
    const bytes = Buffer.from(text);
    parts.push(put(4, bytes.length), bytes);
  };
  for (const text of [IDENTITY.name, IDENTITY.version, IDENTITY.slot]) puts(text);
  const instance = Buffer.alloc(8);
  instance.writeBigUInt64LE(IDENTITY.instance);
  parts.push(instance, put(4, GRANTED.length));
  for (const grant of GRANTED) puts(grant);
  for (const key of ['', 'a', '\0', 'ß€', '\ud7ff\ue000']) {
    const found = CONFIG.find(([name]) => name === key);
    parts.push(put(1, 0), put(1, found === undefined ? 0 : 1));
    if (found !== undefined) puts(found[1]);
  }
  for (let turn = 0; turn < 3; turn++) {
    parts.push(put(1, 0), put(4, CONFIG.length));
    for (const pair of CONFIG) for (const text of pair) puts(text);
  }
  return Buffer.concat(parts);
}

function put(count: 1 | 4, value: number): Buffer {
  const bytes = Buffer.alloc(count);
  bytes.writeUIntLE(value, 0, count);
  return bytes;
}

async function assertRejects(promise: Promise<void>): Promise<void> {
  const failed = await promise.then(
    () => false,
    () => true,
  );
  assert.ok(failed, 'it was answered');
}
