import { suite } from 'uvu';
import { requireRule } from './rules.ts';

const test = suite('Explainer.md: Alias Definitions');

const resource = '(type $r (resource (rep i32)))';
const record = '(type $t (record (field "x" u32)))';

test('an outer alias counts enclosing components and types', () =>
  requireRule({
    valid: [
      `${record} (alias outer 0 0 (type))`,
      `${record} (component (alias outer 1 0 (type)))`,
      `${record} (component (component (alias outer 2 0 (type))))`,
      `${record} (type (component (alias outer 1 0 (type))))`,
      `${record} (type (component (type (instance (alias outer 2 0 (type))))))`,
      '(component $c) (component (alias outer 1 0 (component)))',
      '(core module $m) (component (alias outer 1 0 (core module)))',
    ],
    invalid: [
      '(alias outer 1 0 (type))',
      '(alias outer 1 0 (component))',
      '(alias outer 1 0 (core module))',
      `${record} (component (alias outer 2 0 (type)))`,
      `${record} (component (alias outer 5 0 (type)))`,
      `${record} (type (instance (alias outer 2 0 (type))))`,
    ],
  }));

test('an outer alias finds only what comes before it', () =>
  requireRule({
    valid: [],
    invalid: [
      `(alias outer 0 0 (type)) ${record}`,
      `(component (alias outer 1 0 (type))) ${record}`,
      `${record} (component (alias outer 1 1 (type)))`,
      '(component (alias outer 1 0 (component)))',
      '(component (alias outer 1 0 (core module)))',
    ],
  }));

test('no resource type crosses the edge of a component', () =>
  requireRule({
    valid: [
      `${resource} (alias outer 0 0 (type))`,
      `${resource} (type $l (list (own $r))) (alias outer 0 1 (type))`,
      `(component ${resource} (alias outer 0 0 (type)))`,
      `(type $u (component (export "a" (type (sub resource)))))
        (component (alias outer 1 0 (type)))`,
    ],
    invalid: [
      `${resource} (component (alias outer 1 0 (type)))`,
      `${resource} (component (component (alias outer 2 0 (type))))`,
      `${resource} (type $b (borrow $r)) (component (alias outer 1 $b (type)))`,
      `${resource} (type $x (record (field "h" (own $r)))) (component (alias outer 1 1 (type)))`,
      `${resource} (type $f (func (param "x" (own $r)))) (component (alias outer 1 1 (type)))`,
      `(import "r" (type $r (sub resource))) (component (alias outer 1 0 (type)))`,
      `${resource} (component (type (component (alias outer 2 0 (type)))))`,
    ].map(body => body.replace('outer 1 $b', 'outer 1 1')),
  }));

test('nor does a type that carries one', () =>
  requireRule({
    valid: [],
    invalid: [
      `${resource} (type $u (component (export "a" (type (eq $r)))))
        (component (alias outer 1 1 (type)))`,
      `${resource} (type $u (component (import "a" (type (eq $r)))))
        (component (alias outer 1 1 (type)))`,
      `${resource} (type $u (instance (export "a" (type (eq $r)))))
        (component (alias outer 1 1 (type)))`,
      `${resource} (type $u (instance (type $w (instance (export "a" (type (eq $r)))))
        (export "w" (instance (type $w)))))
        (component (alias outer 1 1 (type)))`,
    ],
  }));

test('within a component, types may refer to its resources', () =>
  requireRule({
    valid: [
      `${resource} (type (component (alias outer 1 0 (type))))`,
      `${resource} (type (instance (alias outer 1 0 (type))))`,
      `${resource} (type $l (list (own $r))) (type (component (alias outer 1 1 (type))))`,
    ],
    invalid: [`(type (component ${resource}))`, `(type (instance ${resource}))`],
  }));

test('within a type, aliases are of types and of instances', () => {
  const imported = '(import "i" (instance $i (export "f" (func)) (export "j" (instance))))';
  return requireRule({
    valid: [
      `(type (component ${imported} (alias export $i "j" (instance))))`,
      `(type (component (import "i" (instance $i (export "t" (type (sub resource)))))
        (alias export $i "t" (type))))`,
    ],
    invalid: [
      `(type (component ${imported} (alias export $i "f" (func))))`,
      `(type (component ${imported} (alias export $i "j" (type))))`,
      `(type (component ${imported} (alias export $i "k" (instance))))`,
      '(component $d) (type (component (alias outer 1 0 (component))))',
      '(component $d) (type (instance (alias outer 1 0 (component))))',
      '(core module $m) (type (component (alias outer 1 0 (core module))))',
    ],
  });
});

test('an alias of an export asks for an export of its sort', () => {
  const imported = '(import "i" (instance $i (export "f" (func))))';
  return requireRule({
    valid: [
      `${imported} (alias export $i "f" (func))`,
      `(core module $m (func (export "f"))) (core instance $i (instantiate $m))
        (alias core export $i "f" (core func))`,
    ],
    invalid: [
      `${imported} (alias export $i "g" (func))`,
      `${imported} (alias export $i "f" (type))`,
      '(alias export 0 "f" (func))',
      `(core module $m (func (export "f"))) (core instance $i (instantiate $m))
        (alias core export $i "f" (core memory))`,
      `(core module $m (func (export "f"))) (core instance $i (instantiate $m))
        (alias core export $i "g" (core func))`,
    ],
  });
});

test.run();
