import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readRefusals } from '../../scripts/wast/policy.ts';
import { runWast } from '../../scripts/wast.ts';

const test = suite('wast: run');

/** Returns each command's verdict, in order. */
async function verdicts(text: string): Promise<readonly string[]> {
  const { commands } = await runWast('test.wast', text);
  return commands.map(({ verdict }) => verdict);
}

const echo = (type: string, core: string, declared = ''): string => `(component
  (core module $m (func (export "f") (param ${core}) (result ${core}) (local.get 0)))
  (core instance $i (instantiate $m))
  ${declared}
  (func (export "f") (param "x" ${type}) (result ${type}) (canon lift (core func $i "f"))))`;

/** A guest that returns its parameter from memory: `words` words go in and come out. */
const stored = (type: string, words: number, declared = ''): string => {
  const core = 'i32 '.repeat(words);
  const stores = Array.from(
    { length: words },
    (_, at) => `(i32.store offset=${at * 4} (i32.const 0) (local.get ${at}))`,
  );
  return `(component
    (core module $m (memory (export "m") 1)
      (global $next (mut i32) (i32.const 64))
      (func (export "r") (param i32 i32 i32 i32) (result i32)
        (global.get $next)
        (global.set $next (i32.add (global.get $next) (i32.and (i32.const -8)
          (i32.add (i32.const 7) (local.get 3))))))
      (func (export "f") (param ${core}) (result i32) ${stores.join(' ')} (i32.const 0)))
    (core instance $i (instantiate $m))
    ${declared}
    (func (export "f") (param "x" ${type}) (result ${type}) (canon lift (core func $i "f")
      (memory (core memory $i "m")) (realloc (core func $i "r")))))`;
};

const same = (constant: string): string => `(assert_return (invoke "f" ${constant}) ${constant})`;

test('numbers of every form come back as they went', async () => {
  const integers = `${echo('s32', 'i32')} ${same('(s32.const -0x80_00_00_00)')}
    ${echo('u64', 'i64')} ${same('(u64.const 18446744073709551615)')}
    ${echo('bool', 'i32')} ${same('(bool.const true)')}
    ${echo('char', 'i32')} ${same('(char.const "\\u{1F600}")')}`;
  const floats = `${echo('f32', 'f32')} ${same('(f32.const 0x1.8p-3)')} ${same('(f32.const -inf)')}
    (assert_return (invoke "f" (f32.const nan)) (f32.const nan:canonical))
    ${echo('f64', 'f64')} (assert_return (invoke "f" (f64.const 0x1.8p1)) (f64.const 3e0))
    (assert_return (invoke "f" (f64.const -0)) (f64.const 0))`;
  assert.is((await verdicts(integers)).join(), Array(8).fill('pass').join());
  assert.is((await verdicts(floats)).join(), 'pass,pass,pass,pass,pass,pass,fail');
});

test('compound values of every kind come back as they went', async () => {
  const named = (type: string): string => `(type $t ${type}) (export $x "t" (type $t))`;
  const cases: readonly (readonly [string, string])[] = [
    [stored('string', 2), '(str.const "a\\22\\u{e9}")'],
    [stored('(list u8)', 2), '(list.const (u8.const 1) (u8.const 255))'],
    [stored('(list (list string))', 2), '(list.const (list.const (str.const "")) (list.const))'],
    [stored('(tuple u32 u32)', 2), '(tuple.const (u32.const 1) (u32.const 2))'],
    [
      stored('$x', 2, named('(record (field "a-b" u32) (field "c" s32))')),
      '(record.const (field "a-b" u32.const 1) (field "c" s32.const -2))',
    ],
    [
      stored('$x', 2, named('(variant (case "a") (case "b-c" u32))')),
      '(variant.const "b-c" (u32.const 7))',
    ],
    [stored('(option u32)', 2), '(option.some (u32.const 9))'],
    [stored('(option u32)', 2), '(option.none)'],
    [stored('(result u32 (error s32))', 2), '(result.err (s32.const -1))'],
    [stored('(result u32)', 2), '(result.ok (u32.const 3))'],
    [echo('$x', 'i32', named('(enum "a" "b")')), '(enum.const "b")'],
    [echo('$x', 'i32', named('(flags "a" "b-c" "d")')), '(flags.const "a" "b-c")'],
  ];
  for (const [component, constant] of cases) {
    assert.equal(await verdicts(`${component} ${same(constant)}`), ['pass', 'pass'], constant);
  }
});

test('another value, a missing trap and an accepted component are failures', async () => {
  const script = `${echo('u8', 'i32')}
    (assert_return (invoke "f" (u8.const 1)) (u8.const 2))
    (assert_trap (invoke "f" (u8.const 1)) "")
    (assert_return (invoke "g"))
    (assert_return (invoke "f" (u8.const 1)))
    (assert_return (invoke "f" (s8.const 1)) (u8.const 1))
    (assert_invalid (component (type u8)) "")
    (assert_malformed (component binary "\\00asm\\0d\\00\\01\\00") "")
    (assert_unlinkable (component) "")
    (component (import "f" (func)))
    (component (type (record)))`;
  assert.is((await verdicts(script)).join(), ['pass', ...Array(10).fill('fail')].join());
});

test('what must be refused passes when it is refused', async () => {
  const script = `
    (assert_invalid (component (type (record))) "")
    (assert_invalid (component (import "a" (func (type $f)))) "")
    (assert_malformed (component binary "\\00asm") "")
    (assert_malformed (component quote "(") "")
    (assert_unlinkable (component (import "f" (func))) "")
    (component
      (core module $m (func $f unreachable) (start $f) (func (export "f")))
      (core instance (instantiate $m)))`;
  const all = await verdicts(script);
  assert.is(all.join(), 'pass,pass,pass,pass,pass,fail');
  assert.equal(
    await verdicts(`(assert_trap (component
      (core module $m (func $f unreachable) (start $f))
      (core instance (instantiate $m))) "")`),
    ['pass'],
  );
});

test('instances have names, are made of definitions, and can be registered', async () => {
  const script = `${echo('u8', 'i32').replace('(component', '(component $a')}
    (register "a" $a)
    (component definition $d (import "a" (instance $x
      (export "f" (func (param "x" u8) (result u8))))) (export "g" (func $x "f")))
    (component instance $b $d)
    (assert_return (invoke $b "g" (u8.const 4)) (u8.const 4))
    (assert_return (invoke $a "f" (u8.const 5)) (u8.const 5))
    (assert_return (invoke $c "f" (u8.const 5)) (u8.const 5))`;
  assert.is((await verdicts(script)).join(), 'pass,pass,pass,pass,pass,pass,fail');
});

test('a refusal on purpose is refused, and so is what would need it', async () => {
  const script = `(component (type (stream u8)))
    (assert_return (invoke "f"))
    (assert_trap (invoke "f") "")
    (register "a")
    (module) (assert_invalid (module) "")
    (component (some new syntax)) (wait 1)`;
  const { commands, counts } = await runWast('test.wast', script);
  assert.equal(counts, { pass: 0, fail: 0, refused: 4, unreadable: 2, outside: 2 });
  assert.is(commands[1]?.reason, 'stream');
  assert.is(commands[0]?.line, 1);
});

const onPurpose: Readonly<Record<string, string>> = {
  async: '(import "f" (func async))',
  'async-option': '(import "f" (func $f)) (core func (canon lower (func $f) async))',
  stream: '(type (stream u8))',
  future: '(type (future u8))',
  'error-context': '(type error-context)',
  gc: '(core module (type (struct)))',
  references: '(core module (type $f (func)) (func (param (ref $f))))',
  tags: '(core module (tag))',
  memory64: '(core module (memory i64 1))',
  'multi-memory': '(core module (memory 1) (memory 1))',
  values: '(import "a" (value u32))',
  'core-types': '(core type (module))',
  'component-import': '(import "c" (component))',
  map: '(type (map string u32))',
  'fixed-list': '(type (list u8 4))',
  'name-scheme': '(import "url=<https://a.b/c>" (func))',
  bounds: `(import "${'a'.repeat(300)}" (func))`,
};

test('what is refused on purpose is refused for the reason that the list gives', async () => {
  for (const [reason, body] of Object.entries(onPurpose)) {
    const { commands } = await runWast('test.wast', `(component ${body})`);
    assert.equal([commands[0]?.verdict, commands[0]?.reason], ['refused', reason], body);
  }
});

test('a refusal that is not listed is a failure', async () => {
  const { counts } = await runWast('test.wast', '(component (type (stream u8)))', []);
  assert.is(counts.fail, 1);
});

test('each reason of the list has a sentence and a pattern of its own', () => {
  const refusals = readRefusals();
  assert.is(new Set(refusals.map(({ reason }) => reason)).size, refusals.length);
  for (const { sentence, match } of refusals) {
    assert.match(sentence, /^[A-Z].*\.$/);
    assert.not.ok(match.test('LINK_INVALID: "f" is a function of another type'));
  }
});

test('a script that is no script is unreadable', async () => {
  const { counts } = await runWast('test.wast', '(component');
  assert.is(counts.unreadable, 1);
});

test.run();
