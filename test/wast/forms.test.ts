import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readCommands } from '../../scripts/wast/commands.ts';
import { WastError } from '../../scripts/wast/errors.ts';
import { readForms } from '../../scripts/wast/s-expressions.ts';

const test = suite('wast: forms and commands');

function bytesOf(literal: string): readonly number[] {
  const [form] = readForms(literal);
  return form?.kind === 'text' ? [...form.bytes] : [];
}

test('comments of both kinds are skipped, and lines are counted through them', () => {
  const [first, second] = readForms(';; one ( "\n(; two (; nested ;)\n ;) (a)\n"b\\n" c');
  assert.is(first?.line, 3);
  assert.is(first?.kind, 'list');
  assert.is(second?.line, 4);
});

test('a parenthesis or a comment within a string is text', () => {
  assert.equal(bytesOf('"(;;)"'), [...Buffer.from('(;;)')]);
});

test('every escape of the format gives its bytes', () => {
  assert.equal(bytesOf('"\\t\\n\\r\\"\\\'\\\\"'), [9, 10, 13, 34, 39, 92]);
  assert.equal(bytesOf('"\\00\\fFa"'), [0, 255, 97]);
  assert.equal(bytesOf('"\\u{e9}\\u{1F_600}"'), [...Buffer.from('é😀')]);
});

test('what is not well-formed is refused', () => {
  const wrong = ['(', ')', '(a', '"a', '"\\q"', '"\\u{d800}"', '"\\u{110000}"', '(; a', '"a\nb"'];
  for (const text of wrong) assert.throws(() => readForms(text), isSyntax, text);
  assert.throws(() => readForms('('.repeat(2_000)), isSyntax);
});

test('a component comes as text, as bytes or quoted', () => {
  const kinds = readCommands(`
    (component $a (type u8))
    (component definition $b (type u8))
    (component binary "\\00a" "sm")
    (component quote "(type" "u8)")
    (component instance $c $b)`).map(({ form }) => form);
  assert.equal(kinds, [
    { kind: 'component', name: '$a', source: { kind: 'text', text: '(component $a (type u8))' } },
    { kind: 'definition', name: '$b', source: { kind: 'text', text: '(component $b (type u8))' } },
    {
      kind: 'component',
      name: null,
      source: { kind: 'binary', bytes: Buffer.from([0, 97, 115, 109]) },
    },
    {
      kind: 'component',
      name: null,
      source: { kind: 'text', text: '(component (type\nu8)\n)' },
    },
    { kind: 'instance', name: '$c', definition: '$b' },
  ]);
});

test('a command that nobody knows is kept, with its reason', () => {
  const [first, second] = readCommands('(thread $t) (assert_return)');
  assert.is(first?.form.kind, 'unknown');
  assert.is(second?.form.kind, 'unknown');
});

function isSyntax(error: unknown): boolean {
  return error instanceof WastError && error.code === 'WAST_SYNTAX';
}

test.run();
