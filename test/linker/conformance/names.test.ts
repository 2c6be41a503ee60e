import { suite } from 'uvu';
import { requireRule } from './rules.ts';

const test = suite('Explainer.md: Import and Export Definitions');

const imports = (...names: readonly string[]): string =>
  names.map(name => `(import "${name}" (func))`).join(' ');
const resource = (name: string, id = '$r'): string =>
  `(import "${name}" (type ${id} (sub resource)))`;
const self = '(param "self" (borrow $r))';

test('labels are words of one case with single hyphens between them', () =>
  requireRule({
    valid: [imports('a', 'b1', 'c-2-D-e3'), imports('ABC-def'), imports('a11-B11-123-ABC-abc')],
    invalid: ['', '1', '1-a', '-a', 'a-', 'a--b', 'aB', 'Ab', 'a_b', 'a.b', 'a b', 'é'].map(name =>
      imports(name),
    ),
  }));

test('interface names have a namespace, a package, an interface and perhaps a version', () =>
  requireRule({
    valid: [
      imports('a:b/c', 'a:b/c@1.0.0', 'a:b/c@2.0.0', 'a-b:c-d/E-f@0.10.3'),
      imports('a:b/c@1.0.0-rc.1', 'a:b/c@1.0.0+b-1.2', 'a:b/c@1.0.0-0a.x+001'),
      '(import "a:b/c" (instance))',
    ],
    invalid: [
      'a:b',
      'a/b',
      'a:',
      'a:/',
      ':/',
      'a:b/',
      'A:b/c',
      'a:B/c',
      'a:b/cD',
      '1:b/c',
      'a:1/c',
      'a:b:c/d',
      'a:b/c/d',
      'a:b/c@',
      'a:b/c@1',
      'a:b/c@1.0',
      'a:b/c@1.0.0.0',
      'a:b/c@01.0.0',
      'a:b/c@1.0.0-',
      'a:b/c@1.0.0+',
      'a:b/c@1.0.0-01',
      'a:b/c@1.0.x',
    ].map(name => imports(name)),
  }));

test('names differ by more than case and hyphens', () =>
  requireRule({
    valid: [
      imports('a', 'b'),
      imports('a:b/c', 'a:b/c@1.0.0', 'a:b/c-d', 'a:b/cd'),
      '(import "a" (func $f)) (export "a" (func $f))',
    ],
    invalid: [
      imports('a', 'a'),
      imports('a', 'A'),
      imports('a-b', 'ab'),
      imports('a-b', 'A-B'),
      imports('a:b/c', 'a:b/c'),
      '(import "a" (func $f)) (export "b" (func $f)) (export "B" (func $f))',
      '(type (instance (export "a" (func)) (export "A" (func))))',
      '(type (component (import "a" (func)) (import "a" (func))))',
      '(import "a" (func $f)) (instance (export "a" (func $f)) (export "A" (func $f)))',
    ],
  }));

test('a constructor shares its name with its resource; members may not take it', () =>
  requireRule({
    valid: [
      `${resource('a')} (import "[constructor]a" (func (result (own $r))))`,
      `${resource('a')} (import "[method]a.b" (func ${self})) (import "b" (func))`,
      `${resource('a')} ${resource('b', '$s')} (import "[static]a.c" (func))
        (import "[static]b.c" (func))`,
    ],
    invalid: [
      `${resource('a')} (import "[method]a.a" (func ${self}))`,
      `${resource('a')} (import "[static]a.a" (func))`,
      `${resource('a-b')} (import "[static]a-b.AB" (func))`,
      `${resource('a')} (import "[method]a.b" (func ${self})) (import "[static]a.b" (func))`,
      `${resource('a')} (import "[static]a.b" (func)) (import "[static]a.B" (func))`,
    ],
  }));

test('a constructor returns its resource, perhaps in a result', () => {
  const returning = (type: string): string =>
    `${resource('a')} ${resource('b', '$s')} (import "[constructor]a" (func ${type}))`;
  return requireRule({
    valid: [
      returning('(result (own $r))'),
      returning('(param "x" u32) (result (result (own $r)))'),
      returning('(result (result (own $r) (error string)))'),
    ],
    invalid: [
      returning(''),
      returning('(result u32)'),
      returning('(result (own $s))'),
      returning('(result (result string))'),
      returning('(result (result (error (own $r))))'),
      returning('(result (result (result (own $r))))'),
      returning('(result (option (own $r)))'),
      '(import "[constructor]a" (func))',
      `${resource('b')} (import "[constructor]a" (func (result (own $r))))`,
      `${resource('a')} (import "[constructor]a" (instance))`,
      `${resource('a')} (import "[constructor]a.b" (func (result (own $r))))`,
    ],
  });
});

test('a method borrows its resource as its first parameter, called self', () => {
  const method = (type: string): string =>
    `${resource('a')} ${resource('b', '$s')} (import "[method]a.m" (func ${type}))`;
  return requireRule({
    valid: [method(self), method(`${self} (param "x" u8) (result string)`)],
    invalid: [
      method(''),
      method('(param "x" (borrow $r))'),
      method('(param "self" (own $r))'),
      method('(param "self" u32)'),
      method('(param "self" (borrow $s))'),
      method(`(param "x" u8) ${self}`),
      `(import "[method]a.m" (func))`,
      `${resource('b')} (import "[method]a.m" (func ${self}))`,
      `${resource('a')} (import "[method]a.m" (instance))`,
      `${resource('a')} (import "[method]a" (func ${self}))`,
      `${resource('a')} (import "[method]a.b.c" (func ${self}))`,
      `${resource('a')} (import "[method]a." (func ${self}))`,
    ],
  });
});

test('a static function needs a resource of its name, and nothing else', () =>
  requireRule({
    valid: [`${resource('a')} (import "[static]a.m" (func (param "x" u8) (result string)))`],
    invalid: [
      '(import "[static]a.m" (func))',
      `${resource('b')} (import "[static]a.m" (func))`,
      `(import "[static]a.m" (func)) ${resource('a')}`,
      `${resource('a')} (import "[static]a.m" (instance))`,
    ],
  }));

test('a member belongs to a resource of its own list, at its own level', () => {
  const parts = `${resource('b')} (import "f" (func $f ${self}))`;
  return requireRule({
    valid: [
      `(component ${parts} (export $c "c" (type $r))
        (export "[method]c.m" (func $f) (func (param "self" (borrow $c)))))`,
      `(import "i" (instance (export "r" (type $r (sub resource)))
        (export "[method]r.m" (func ${self}))))`,
      `(type (component (import "i" (instance
        (export "r" (type (sub resource))) (export "[static]r.m" (func))))))`,
    ],
    invalid: [
      `(component ${parts} (export "[method]b.m" (func $f)))`,
      `(component ${parts} (export $c "c" (type $r)) (export "[method]c.m" (func $f)))`,
      `(import "i" (instance $i (export "r" (type (sub resource)))))
        (alias export $i "r" (type $r)) (import "[method]r.m" (func ${self}))`,
      `(type (instance (export "r" (type $r (sub resource)))
        (export "[method]s.m" (func ${self}))))`,
      `${parts} (instance (export "b" (type $r)) (export "[method]b.m" (func $f)))`,
    ],
  });
});

test.run();
