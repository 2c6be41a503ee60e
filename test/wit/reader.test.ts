import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { WitError, type WitErrorCode } from '../../scripts/wit/errors.ts';
import { interfaceShape } from '../../scripts/wit/model.ts';
import { contractOf } from './contract-text.ts';

const reader = suite('wit: reading sources');

const refuses = (code: WitErrorCode, text: string): void => {
  assert.throws(
    () => contractOf(text),
    (error: unknown) => error instanceof WitError && error.code === code,
    `${code}: ${text}`,
  );
};

const inInterface = (body: string): string => `package a:b@1.0.0; interface i { ${body} }`;

reader('reads every kind of type', () => {
  const contract = contractOf(
    inInterface(`
      /// A pair.
      record r { a: u8, b: option<string>, }
      variant v { none, some(r) }
      enum e { x, y }
      flags f { p, q }
      type t = tuple<e, f>;
      all: func(v: v, t: t, l: list<u8>, r: result<_, string>) -> result<u64>;
    `),
  );
  const declared = contract.interfaces.get('a:b/i@1.0.0');
  assert.ok(declared);
  assert.is(declared.definitions[0]?.docs, 'A pair.');
  const [shape] = interfaceShape(declared).functions;
  assert.equal(shape?.params[1]?.type, {
    kind: 'tuple',
    items: [
      { kind: 'enum', names: ['x', 'y'] },
      { kind: 'flags', names: ['p', 'q'] },
    ],
  });
  assert.equal(shape?.params[3]?.type, { kind: 'result', ok: null, err: { kind: 'string' } });
  assert.equal(shape?.result, { kind: 'result', ok: { kind: 'u64' }, err: null });
});

reader('names functions of resources as components do, dropping included', () => {
  const contract = contractOf(
    inInterface('resource r { constructor(); get: func() -> u8; make: static func() -> r; }'),
  );
  const declared = contract.interfaces.get('a:b/i@1.0.0');
  assert.ok(declared);
  const { functions, resources } = interfaceShape(declared);
  assert.equal(resources, ['r']);
  assert.equal(
    functions.map(each => each.name),
    ['[constructor]r', '[method]r.get', '[static]r.make', '[resource-drop]r'],
  );
  assert.equal(functions[1]?.params, [{ name: 'self', type: { kind: 'borrow', resource: 'r' } }]);
});

reader('an import implies the interfaces whose types it uses', () => {
  const contract = contractOf(`package a:b@1.0.0;
    interface low { resource r; }
    interface high { use low.{r}; f: func() -> r; }
    world w { import high; }
    world v { include w; }`);
  const imports = ['a:b/high@1.0.0', 'a:b/low@1.0.0'];
  assert.equal(contract.worlds.get('a:b/w@1.0.0')?.imports, imports);
  assert.equal(contract.worlds.get('a:b/v@1.0.0')?.imports, imports);
});

reader('says where an error is', () => {
  assert.throws(
    () => contractOf('package a:b@1.0.0;\ninterface i {\n  f func();\n}'),
    /test.wit:3:5/,
  );
});

reader('refuses what it cannot read', () => {
  refuses('WIT_SYNTAX', 'interface i {}');
  refuses('WIT_SYNTAX', 'package a:b@1.0.0; interface i {');
  refuses('WIT_SYNTAX', inInterface('f: func( -> u8;'));
  refuses('WIT_SYNTAX', inInterface('f: func(a: list<>);'));
  refuses('WIT_SYNTAX', inInterface('f: func();;'));
  refuses('WIT_SYNTAX', inInterface(`f: func(a: ${'list<'.repeat(40)}u8${'>'.repeat(40)});`));
  refuses('WIT_UNSUPPORTED', inInterface('f: func(a: stream<u8>);'));
  refuses('WIT_UNSUPPORTED', 'package a:b@1.0.0; world w { f: func(); }');
});

reader('refuses unknown, repeated and circular names', () => {
  refuses('WIT_UNKNOWN_NAME', inInterface('f: func(a: absent);'));
  refuses('WIT_UNKNOWN_NAME', inInterface('use other.{t}; f: func();'));
  refuses('WIT_UNKNOWN_NAME', inInterface('record r { a: u8 } f: func(a: borrow<r>);'));
  refuses('WIT_UNKNOWN_NAME', 'package a:b@1.0.0; world w { import absent; }');
  refuses('WIT_DUPLICATE_NAME', inInterface('enum t { a } enum t { b }'));
  refuses('WIT_DUPLICATE_NAME', inInterface('record t { a: u8 } t: func() -> t;'));
  refuses('WIT_DUPLICATE_NAME', inInterface('f: func(); f: func();'));
  refuses('WIT_CYCLE', inInterface('record r { a: list<r> }'));
  refuses('WIT_CYCLE', 'package a:b@1.0.0; world w { include v; } world v { include w; }');
});

reader.run();
