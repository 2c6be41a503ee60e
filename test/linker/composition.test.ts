import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { errorCode } from '../../runtime/base/errors.ts';
import type { Link } from '../../runtime/base/link.ts';
import type { ComponentShape, FunctionShape, ValueType } from '../../runtime/base/value-type.ts';
import {
  activateComposition,
  composeParts,
  DEFAULT_ACTIVATION_LIMITS,
  type Handle,
  type HostImports,
  type Part,
  type StagedComponent,
} from '../../runtime/linker/index.ts';
import { call, hostOf, stageWat, traps } from './support.ts';

const test = suite('linker: components linked to each other');

const EDIT = 'demo:text/edit@1.0.0';
const TYPES = `(export "shout" (func (param "text" string) (result string)))
  (export "fail" (func))`;
const MEMORY = `(core module $l (memory (export "memory") 2)
  (global $next (mut i32) (i32.const 8192))
  (func (export "realloc") (param i32 i32 i32 i32) (result i32)
    (global.get $next) (global.set $next (i32.add (global.get $next) (local.get 3)))))
  (core instance $l (instantiate $l))
  (alias core export $l "memory" (core memory $memory))
  (alias core export $l "realloc" (core func $realloc))`;
const OPTIONS = '(memory $memory) (realloc $realloc)';

/** Exports `EDIT`: gives back what it got, with its first letter replaced, and counts its calls. */
function editor(version = '1.0.0', result = 'string'): string {
  return `(component ${MEMORY}
    (core module $m (import "" "memory" (memory 1)) (global $calls (mut i32) (i32.const 0))
      (func (export "shout") (param i32 i32) (result i32)
        (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
        (i32.store8 (local.get 0) (i32.add (i32.const 64) (global.get $calls)))
        (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1))
        (i32.const 16))
      (func (export "fail") unreachable))
    (core instance $m (instantiate $m (with "" (instance (export "memory" (memory $memory))))))
    (func $shout (param "text" string) (result ${result})
      (canon lift (core func $m "shout") ${OPTIONS}))
    (func $fail (canon lift (core func $m "fail")))
    (instance $i (export "shout" (func $shout)) (export "fail" (func $fail)))
    (export "demo:text/edit@${version}" (instance $i)))`;
}

/** Imports `EDIT`, and exports `under`, whose functions call those of the import. */
function caller(under = 'demo:text/use@1.0.0', types = TYPES): string {
  return `(component
    (import "${EDIT}" (instance $edit ${types}))
    ${MEMORY}
    (core func $shout (canon lower (func $edit "shout") ${OPTIONS}))
    (core func $fail (canon lower (func $edit "fail")))
    (core module $m
      (import "" "shout" (func $shout (param i32 i32 i32)))
      (import "" "fail" (func $fail))
      (func (export "shout") (param i32 i32) (result i32)
        (call $shout (local.get 0) (local.get 1) (i32.const 32)) (i32.const 32))
      (func (export "quiet"))
      (func (export "fail") (call $fail)))
    (core instance $m (instantiate $m (with "" (instance
      (export "shout" (func $shout)) (export "fail" (func $fail))))))
    (func $own (param "text" string) (result string)
      (canon lift (core func $m "shout") ${OPTIONS}))
    (func $quiet (canon lift (core func $m "quiet")))
    (func $failing (canon lift (core func $m "fail")))
    (instance $i (export "shout" (func $own)) (export "fail" (func $failing))
      (export "quiet" (func $quiet)))
    (export "${under}" (instance $i)))`;
}

/** Large memories in which every text comes to the same place. */
function roomy(text: string): string {
  return text
    .replaceAll('(memory (export "memory") 2)', '(memory (export "memory") 32)')
    .replaceAll(
      '(global.get $next) (global.set $next (i32.add (global.get $next) (local.get 3)))',
      '(i32.const 8192)',
    );
}

/** As `caller`, but hands its text over thirty times in a call. */
function repeating(): string {
  return caller().replace(
    '(call $shout (local.get 0) (local.get 1) (i32.const 32)) (i32.const 32))',
    `(local $left i32) (local.set $left (i32.const 30))
        (loop $again
          (call $shout (local.get 0) (local.get 1) (i32.const 32))
          (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
        (i32.const 32))`,
  );
}

type Staged = Readonly<Record<string, StagedComponent>>;

const LINK: Link = { importer: 'user', interface: EDIT, exporter: 'editor' };

async function staged(texts: Readonly<Record<string, string>>): Promise<Staged> {
  const entries = Object.entries(texts).map(
    async ([name, text]) => [name, await stageWat(text)] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}

function shapesOf(components: Staged): Map<string, ComponentShape> {
  return new Map(Object.entries(components).map(([name, { shape }]) => [name, shape]));
}

function compose(
  components: Staged,
  links: readonly Link[],
  host: HostImports = new Map(),
): ReadonlyMap<string, Handle> {
  const parts = composeParts(shapesOf(components), links).map((name): Part => {
    const { plan, modules } = components[name] as StagedComponent;
    const compiled = modules.map(bytes => new WebAssembly.Module(bytes));
    const limits = DEFAULT_ACTIVATION_LIMITS;
    return { name, plan: structuredClone(plan), modules: compiled, host, limits };
  });
  return activateComposition(parts, links);
}

function part(handles: ReadonlyMap<string, Handle>, name: string): Handle {
  const handle = handles.get(name);
  if (handle === undefined) throw new Error(`no part ${name}`);
  return handle;
}

function refusal(task: () => unknown): string {
  try {
    task();
  } catch (error) {
    assert.is(errorCode(error), 'LINK_COMPOSITION');
    return String(error);
  }
  throw new Error('it was accepted');
}

test('an import is answered by the export of another component', async () => {
  const handles = compose(await staged({ user: caller(), editor: editor() }), [LINK]);
  assert.is(call(part(handles, 'user'), 'shout', 'xyz'), 'Ayz');
  assert.is(call(part(handles, 'editor'), 'shout', 'xyz'), 'Byz', 'the same instance');
});

test('links go through several components, each activated before who calls it', async () => {
  const components = await staged({
    first: caller(),
    second: caller(EDIT),
    editor: editor(),
  });
  const links = [
    { importer: 'first', interface: EDIT, exporter: 'second' },
    { importer: 'second', interface: EDIT, exporter: 'editor' },
  ];
  assert.equal(composeParts(shapesOf(components), links), ['editor', 'second', 'first']);
  assert.is(call(part(compose(components, links), 'first'), 'shout', 'grüße'), 'Arüße');
});

test('another patch version answers, when the functions are the same', async () => {
  const handles = compose(await staged({ user: caller(), editor: editor('1.0.7') }), [LINK]);
  assert.is(call(part(handles, 'user'), 'shout', 'x'), 'A');
});

test('who dies in a call takes its caller along and is named; other callers live', async () => {
  const components = await staged({ user: caller(), other: caller(), editor: editor() });
  const handles = compose(components, [LINK, { ...LINK, importer: 'other' }]);
  const trap = traps(() => call(part(handles, 'user'), 'fail'), 'TRAP_LINKED');
  assert.match(trap.message, /^editor failed: the guest trapped: unreachable/);
  assert.match(part(handles, 'user').dead ?? '', 'editor failed');
  assert.ok(part(handles, 'editor').dead);
  assert.is(part(handles, 'other').dead, null);
  assert.is(call(part(handles, 'other'), 'quiet'), undefined);
  traps(() => call(part(handles, 'other'), 'shout', 'x'), 'TRAP_LINKED');
});

test('a caller that dies leaves alive whom it called', async () => {
  const handles = compose(await staged({ user: caller(), editor: editor() }), [LINK]);
  assert.is(call(part(handles, 'user'), 'shout', 'x'), 'A');
  part(handles, 'user').close();
  traps(() => call(part(handles, 'user'), 'quiet'), 'TRAP_DEAD');
  assert.is(call(part(handles, 'editor'), 'shout', 'x'), 'B');
});

test('what is not linked is answered by the host', async () => {
  const host = hostOf({ shout: () => 'from the host', fail: () => undefined }, EDIT);
  const handles = compose(await staged({ user: caller(), editor: editor() }), [], host);
  assert.is(call(part(handles, 'user'), 'shout', 'x'), 'from the host');
});

test('shapes that differ are refused when the links are composed', async () => {
  const components = await staged({
    user: caller(),
    bytes: editor('1.0.0', '(list u8)'),
    other: caller('demo:text/use@1.0.0', TYPES.replace('"text"', '"words"')),
    editor: editor(),
    later: editor('2.0.0'),
  });
  const shapes = shapesOf(components);
  const words = (link: Partial<Link>): string =>
    refusal(() => composeParts(shapes, [{ ...LINK, ...link }]));
  assert.match(words({ exporter: 'bytes' }), '"shout" has other result');
  assert.match(words({ importer: 'other' }), '"shout" has other parameters');
  assert.match(words({ exporter: 'later' }), `later exports no ${EDIT}`);
  assert.match(words({ importer: 'editor' }), `editor imports no ${EDIT}`);
  assert.match(words({ exporter: 'nobody' }), 'there is no part nobody');
  assert.match(
    refusal(() => composeParts(shapes, [LINK, LINK])),
    'linked twice',
  );
});

test('a missing function and a function that hands over a resource are refused', () => {
  const take = (type: ValueType): FunctionShape => ({
    name: 'take',
    params: [{ name: 'it', type: { kind: 'list', element: type } }],
    result: null,
  });
  const shape = (side: 'imports' | 'exports', functions: FunctionShape[]): ComponentShape => ({
    imports: [],
    exports: [],
    [side]: [{ name: EDIT, functions, resources: [] }],
  });
  const words = (wanted: FunctionShape[], found: FunctionShape[]): string => {
    const parts = { user: shape('imports', wanted), editor: shape('exports', found) };
    return refusal(() => composeParts(new Map(Object.entries(parts)), [LINK]));
  };
  const plain = take({ kind: 'u8' });
  const lent = take({ kind: 'borrow', resource: 'thing' });
  assert.match(words([plain], []), '"take" is not exported');
  assert.match(words([lent], [lent]), '"take" hands over a resource');
});

test('two interfaces of one track are refused where a link names one of them', () => {
  const next = (kind: 'u32' | 'f64'): FunctionShape => {
    return { name: 'next', params: [], result: { kind } };
  };
  const shape = (names: readonly string[], side: 'imports' | 'exports'): ComponentShape => ({
    imports: [],
    exports: [],
    [side]: names.map((version, index) => ({
      name: `demo:text/edit@${version}`,
      functions: [next(index === 0 ? 'u32' : 'f64')],
      resources: [],
    })),
  });
  const words = (imports: readonly string[], exports: readonly string[]): string => {
    const parts = { user: shape(imports, 'imports'), editor: shape(exports, 'exports') };
    return refusal(() => composeParts(new Map(Object.entries(parts)), [LINK]));
  };
  const one = ['1.0.0'];
  assert.match(words(['1.0.0', '1.1.0'], one), /user imports both .*@1\.0\.0 and .*@1\.1\.0/);
  assert.match(words(one, ['1.0.0', '1.1.0']), /editor exports both .*@1\.0\.0 and .*@1\.1\.0/);
  assert.match(words(one, ['1.0.0+a', '1.0.0+b']), /editor exports both/);
});

test('what links handed over does not add up within a call', async () => {
  const components = await staged({ user: roomy(repeating()), editor: roomy(editor()) });
  const handles = compose(components, [LINK]);
  const text = 'x'.repeat(900_000);
  assert.is(String(call(part(handles, 'user'), 'shout', text)).length, text.length);
});

test('a circle and too many parts are refused', async () => {
  const components = await staged({ one: caller(EDIT), two: caller(EDIT) });
  const shapes = shapesOf(components);
  const around = [
    { importer: 'one', interface: EDIT, exporter: 'two' },
    { importer: 'two', interface: EDIT, exporter: 'one' },
  ];
  assert.match(
    refusal(() => composeParts(shapes, around)),
    'circle among one, two',
  );
  const itself = [{ importer: 'one', interface: EDIT, exporter: 'one' }];
  assert.match(
    refusal(() => composeParts(shapes, itself)),
    'circle among one',
  );
  const shape = { imports: [], exports: [] };
  const many = new Map(Array.from({ length: 17 }, (_, at) => [`p${at}`, shape]));
  assert.match(
    refusal(() => composeParts(many, [])),
    'at most 16',
  );
});

test('a part that does not start is an error of the whole', async () => {
  const broken = `(component (core module $m (func $f unreachable) (start $f))
    (core instance (instantiate $m)))`;
  const last = await staged({ editor: editor(), broken });
  traps(() => compose(last, []), 'TRAP_GUEST');
  const first = await staged({ broken, editor: editor() });
  const { message } = traps(() => compose(first, []), 'TRAP_LINKED');
  assert.match(message, /^broken failed: the guest trapped/);
});

test.run();
