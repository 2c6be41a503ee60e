import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { errorMessage } from '../../runtime/base/errors.ts';
import { sha256 } from '../../runtime/base/sha256.ts';
import { DEFAULT_LINK_LIMITS, LinkError, stageComponent } from '../../runtime/linker/index.ts';
import { CATALOG } from './catalog.ts';
import { bytesOf, type HostileKind } from './kind.ts';

const test = suite('hostile: the catalogue');

const KINDS_MIN = 60;
/** Processor time that staging one may take; what multiplies without bound takes minutes. */
const STAGED_WITHIN_US = 4_000_000;
/** A machine that stands still counts its pauses as ours; what multiplies is slow each time. */
const TRIES_MAX = 3;
/** As the suite requests it for every kind. */
const PAGES_MAX = 128;
const LIMITS = {
  ...DEFAULT_LINK_LIMITS,
  memoryPagesMax: PAGES_MAX,
  memoryPagesPerMemoryMax: PAGES_MAX,
};

test(`it has at least ${KINDS_MIN} kinds, each with a name of its own`, () => {
  assert.ok(CATALOG.length >= KINDS_MIN, `${CATALOG.length} kinds`);
  assert.is(new Set(CATALOG.map(({ name }) => name)).size, CATALOG.length);
  for (const { name } of CATALOG) assert.match(name, /^[a-z0-9]+(-[a-z0-9]+)*$/);
});

test('no section is missing', () => {
  const sections = new Set(CATALOG.map(kind => kind.section));
  for (const name of [
    'loops',
    'growth',
    'stack',
    'amplification',
    'lies',
    'swallowing',
    're-entrance',
    'floods',
    'compile bombs',
    'type bombs',
    'names',
    'signatures',
    'forged bytes',
    'contract',
  ]) {
    assert.ok(sections.has(name), name);
  }
});

const seen = new Map<string, string>();

for (const kind of CATALOG) {
  const { stop } = kind;
  const what = stop.at === 'link' ? `is refused with ${stop.code}` : 'is staged, in little time';
  test(`${kind.name} is like no other and ${what}`, async () => {
    const bytes = await bytesOf(kind);
    const digest = sha256(bytes);
    assert.is(seen.get(digest), undefined, 'another kind is the same');
    seen.set(digest, kind.name);
    let tookUs = Number.POSITIVE_INFINITY;
    for (let tries = 0; tries < TRIES_MAX && tookUs >= STAGED_WITHIN_US; tries += 1) {
      const started = process.cpuUsage();
      stage(kind, bytes);
      const { user, system } = process.cpuUsage(started);
      tookUs = user + system;
    }
    assert.ok(tookUs < STAGED_WITHIN_US, `${tookUs} us`);
  });
}

/** Holds what the linker does with a kind against what the catalogue says. */
function stage({ stop }: HostileKind, bytes: Uint8Array): void {
  try {
    const { modules } = stageComponent(bytes, LIMITS);
    for (const module of modules) new WebAssembly.Module(Uint8Array.from(module));
  } catch (error) {
    if (error instanceof LinkError) {
      assert.is(stop.at === 'link' && stop.code, error.code, error.message);
    } else {
      assert.instance(error, WebAssembly.CompileError);
      assert.is(stop.at, 'compile', errorMessage(error));
    }
    assert.match(errorMessage(error), 'words' in stop ? stop.words : /never/);
    return;
  }
  assert.not.ok(stop.at === 'link' || stop.at === 'compile', 'it was accepted');
}

test.run();
