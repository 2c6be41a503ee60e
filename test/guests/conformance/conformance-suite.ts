import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import { buildGuests } from '../../../scripts/guests.ts';
import { EVENTS, sectionEvent, U53_MAX } from './outcomes.ts';
import { type RecordedGuest, recordedGuest } from './transcript.ts';

const EXPECTED = join(import.meta.dirname, 'expected.txt');
/** `WRITE_TRANSCRIPT=1` writes the expected transcript anew, from whichever language runs. */
const isWritten = process.env.WRITE_TRANSCRIPT === '1';

const SECTION_WIDE = 9;

/** What a language cannot do, each asserted as it is. */
export interface Deviations {
  /** Bytes of the record of the section `wide`, in hex. */
  readonly wideRecord?: string;
  /** Whether resources are given back when the guest says so; else when its collector runs. */
  readonly dropsLate?: boolean;
}

/** The record of the section `wide` where 64 bits arrive as they are. */
const WIDE_RECORD = '0000000000000080ffffffffffffffff0100000000002000';

/** Adds the tests of one language: its transcript is the committed one. */
export function conformance(test: Test, language: string, deviations: Deviations = {}): void {
  const name = `conformance-${language}`;
  let path = '';

  test.before(async () => {
    path = (await buildGuests([name])).get(name) ?? '';
  });

  test('every import and export with edge values gives the committed transcript', async () => {
    const guest = await recordedGuest(path);
    for (const [event, args] of EVENTS) guest.tell(event, args);
    const transcript = `${guest.host.lines.join('\n')}\n`;
    if (isWritten) await writeFile(EXPECTED, transcript);
    // Line by line: the difference is then a line and not 30 KB.
    const expected = (await readFile(EXPECTED, 'utf8')).split('\n');
    for (const [index, line] of transcript.split('\n').entries()) {
      assert.is(line, expected[index], `line ${index + 1}`);
    }
    assert.is(transcript.split('\n').length, expected.length);
    assert.equal(guest.host.standardLines, []);
    const dropped = deviations.dropsLate ? [] : ['pollable 3', 'pollable 4', 'bucket 7'];
    assert.equal(guest.host.dropped, dropped);
  });

  test('a start that refuses carries its text', async () => {
    const guest = await recordedGuest(path);
    guest.host.refusal = 'refused: \u{1f600}';
    guest.tell('start', [{ reason: 'cold', generation: 1n, previousVersion: undefined }]);
    assert.is(guest.host.lines.at(-1), '  = {tag: "err", val: "refused: \\ud83d\\ude00"}');
  });

  test('64 bits are 64 bits, as far as the language has them', async () => {
    const guest = await recordedGuest(path);
    guest.host.words = [2n ** 63n, 2n ** 64n - 1n, 2n ** 53n + 1n];
    guest.tell(...sectionEvent(SECTION_WIDE));
    const lines = guest.host.lines.join('\n');
    assert.match(lines, 'subscribe-instant(18446744073709551615n)');
    assert.match(lines, `"wide", x${deviations.wideRecord ?? WIDE_RECORD},`);
  });

  test('the same call a thousand times takes no more memory', async () => {
    const guest = await recordedGuest(path);
    const repeat = (count: number): void => {
      for (let turn = 0; turn < count; turn++) tellOnce(guest);
    };
    repeat(100);
    const before = guest.handle.memoryBytes();
    repeat(1_000);
    assert.is(guest.handle.memoryBytes(), before);
  });
}

function tellOnce(guest: RecordedGuest): void {
  guest.host.lines.length = 0;
  const label = 'é'.repeat(500);
  guest.tell('on-tick', [{ name: label, timestampNs: U53_MAX, missed: 1 }]);
}
