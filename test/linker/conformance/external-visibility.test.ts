import { suite } from 'uvu';
import { requireRule } from './rules.ts';

const test = suite('Explainer.md: External Visibility of Types');

/** A core function of any signature, behind what needs one to export a function. */
const core = (signature: string): string => `
  (core module $m (memory (export "mem") 1) (func (export "f") ${signature} unreachable))
  (core instance $i (instantiate $m))`;
const lift = `(canon lift (core func $i "f") (memory (core memory $i "mem")))`;
const made = core('(result i32)');

const nominal: Readonly<Record<string, string>> = {
  record: '(record (field "x" u32))',
  variant: '(variant (case "a") (case "b"))',
  enum: '(enum "a" "b")',
  flags: '(flags "a" "b")',
};

for (const [kind, type] of Object.entries(nominal)) {
  test(`an exported function may mention a ${kind} by its export, and only so`, () => {
    const function_ = `${made} (type $t ${type}) (func $f (result $t) ${lift})`;
    const ascribed = `(export $n "t" (type $t)) (export "f" (func $f) (func (result $n)))`;
    return requireRule({
      valid: [
        `${function_} ${ascribed}`,
        `${made} (type $t ${type}) (export $n "t" (type $t))
          (func (export "f") (result $n) ${lift})`,
      ],
      invalid: [
        `${function_} (export "f" (func $f))`,
        `${function_} (export $n "t" (type $t)) (export "f" (func $f))`,
        `${function_} (export "f" (func $f)) (export $n "t" (type $t))`,
      ],
    });
  });

  test(`an imported function may mention a ${kind} by its import, and only so`, () => {
    const type_ = `(type $t ${type})`;
    return requireRule({
      valid: [`${type_} (import "t" (type $n (eq $t))) (import "f" (func (param "x" $n)))`],
      invalid: [
        `${type_} (import "f" (func (param "x" $t)))`,
        `${type_} (export $n "t" (type $t)) (import "f" (func (param "x" $n)))`,
      ],
    });
  });
}

test('a resource is mentioned by its import or export', () =>
  requireRule({
    valid: [
      `${made} (type $r (resource (rep i32))) (export $n "r" (type $r))
        (func (export "f") (result (own $n)) ${lift})`,
      `${made} (import "r" (type $r (sub resource))) (func (export "f") (result (own $r)) ${lift})`,
      `(import "r" (type $r (sub resource))) (import "f" (func (param "x" (borrow $r))))`,
    ],
    invalid: [
      `${made} (type $r (resource (rep i32))) (func (export "f") (result (own $r)) ${lift})`,
      `${made} (type $r (resource (rep i32))) (export $n "r" (type $r))
        (func (export "f") (result (own $r)) ${lift})`,
      `(type $r (resource (rep i32))) (import "f" (func (result (own $r))))`,
      `(type $r (resource (rep i32))) (export $n "r" (type $r))
        (import "f" (func (result (own $n))))`,
    ],
  }));

test('lists, tuples, options and results need no name, but what is in them does', () => {
  const wraps = ['(list $t)', '(tuple u8 $t)', '(option $t)', '(result $t)', '(result (error $t))'];
  const importing = (type: string, wrap: string): string =>
    `(type $e (enum "a" "b")) ${type} (import "f" (func (param "x" ${wrap})))`;
  return requireRule({
    valid: [
      '(import "f" (func (param "x" (tuple u8 (list (option string))))))',
      ...wraps.map(wrap => importing('(import "t" (type $t (eq $e)))', wrap)),
    ],
    invalid: wraps.map(wrap =>
      importing('(alias outer 0 $e (type $t))'.replace('0 $e', '0 0'), wrap),
    ),
  });
});

test('a type is named only after the types in it', () => {
  const parts = `${core('')} (type $e (enum "a" "b"))`;
  return requireRule({
    valid: [
      `${parts} (export $n "e" (type $e)) (type $t (record (field "x" $n))) (export "t" (type $t))`,
      `${parts} (import "e" (type $n (eq $e))) (type $t (variant (case "x" $n)))
        (import "t" (type (eq $t)))`,
    ],
    invalid: [
      `${parts} (type $t (record (field "x" $e))) (export "t" (type $t))`,
      `${parts} (type $t (list $e)) (export "t" (type $t))`,
      `${parts} (export $n "e" (type $e)) (type $t (variant (case "x" $n)))
        (import "t" (type (eq $t)))`,
      `${parts} (type $t (func (param "x" $e))) (export "t" (type $t))`,
    ],
  });
});

test('what an imported instance exports is named; what it hides is not', () => {
  const hidden = `(import "i" (instance $i
    (type $e (enum "a" "b")) (export "f" (func (param "x" $e)))))`;
  const shown = `(import "i" (instance $i (type $e (enum "a" "b"))
    (export "e" (type $n (eq $e))) (export "f" (func (param "x" $n)))))`;
  return requireRule({
    valid: [
      shown,
      `${shown} (alias export $i "e" (type $n)) (import "g" (func (param "x" $n)))`,
      `(type $e (enum "a" "b")) (import "e" (type $n (eq $e)))
        (import "i" (instance (export "f" (func (param "x" $n)))))`,
      '(type (instance (type $e (enum "a" "b")) (export "f" (func (param "x" $e)))))',
    ],
    invalid: [
      hidden,
      `(type $e (enum "a" "b")) (import "i" (instance (export "f" (func (param "x" $e)))))`,
    ],
  });
});

test('what an exported instance exports is named for exports alone', () => {
  const parts = `${made} (type $r (resource (rep i32))) (func $f (result (own $r)) ${lift})`;
  const inner = `(component $c
    ${made} (type $r (resource (rep i32))) (export $n "r" (type $r))
    (func (export "f") (result (own $n)) ${lift})) (instance $c (instantiate $c))`;
  return requireRule({
    valid: [
      `${inner} (export "i" (instance $c))`,
      `${inner} (alias export $c "r" (type $r)) (export $n "r" (type $r))
        (export "f" (func $c "f") (func (result (own $n))))`,
    ],
    invalid: [
      `${parts} (instance $bag (export "f" (func $f))) (export "i" (instance $bag))`,
      `${inner} (export "f" (func $c "f"))`,
      `${inner} (alias export $c "r" (type $r)) (export "r" (type $r))
        (export "f" (func $c "f"))`,
    ],
  });
});

test('the rule holds in component types and in components that nothing makes', () =>
  requireRule({
    valid: [
      `(type (component (import "r" (type $r (sub resource)))
        (export "f" (func (param "x" (own $r))))))`,
      '(component (type $e (enum "a" "b")) (import "e" (type $n (eq $e))))',
    ],
    invalid: [
      '(type (component (type $e (enum "a" "b")) (import "f" (func (param "x" $e)))))',
      '(type (component (type $e (enum "a" "b")) (export "f" (func (result $e)))))',
      '(component (type $e (enum "a" "b")) (import "f" (func (param "x" $e))))',
      '(component (component (type $e (enum "a")) (import "f" (func (param "x" $e)))))',
    ],
  }));

test.run();
