import { aroundCore, bodyOf, moduleOf } from '../binary.ts';
import { controllerText } from '../controller-text.ts';
import { type HostileKind, type KindEntry, section } from '../kind.ts';

function core(module: string, stop: HostileKind['stop']): KindEntry {
  return {
    component: () => `(component (core module ${module}) (core instance (instantiate 0)))`,
    stop,
  };
}

function linkLimit(words: RegExp): HostileKind['stop'] {
  return { at: 'link', code: 'LINK_LIMIT', words };
}

function many(count: number, line: (at: number) => string): string {
  return Array.from({ length: count }, (_, at) => line(at)).join('\n');
}

/** A controller that compiles, and has its bomb called by a message. */
function called(guest: string, at: 'bounds' | 'call', words = /took longer than/): KindEntry {
  return {
    component: () => controllerText({ guest, message: '(call $bomb (i32.const 0))' }),
    stop: at === 'bounds' ? { at } : { at, words },
  };
}

/** Code that is long to compile. */
export const COMPILE_BOMBS = section('compile bombs', {
  'functions-over-the-bound': core('(func)'.repeat(50_001), linkLimit(/functions/)),
  'functions-up-to-the-bound': called(
    `(func $bomb (param i32)) ${'(func (drop (i32.const 1)))'.repeat(49_900)}`,
    'bounds',
  ),
  'br-table-beyond-the-engine': core(
    `(func (param i32) (br_table ${'0 '.repeat(100_000)} (local.get 0)))`,
    {
      at: 'compile',
      words: /br_table|table/,
    },
  ),
  'br-tables-within-the-engine': called(
    `(func $bomb (param i32) (br_table ${'0 '.repeat(65_000)} (local.get 0)))
    ${`(func (param i32) (br_table ${'0 '.repeat(65_000)} (local.get 0)))`.repeat(10)}`,
    'bounds',
  ),
  'deep-blocks': called(
    `(func $bomb (param i32) ${'block '.repeat(20_000)} ${'end '.repeat(20_000)})`,
    'bounds',
  ),
  'deep-ifs-with-values': called(
    `(func $bomb (param i32) i32.const 0
      ${'local.get 0 if (param i32) (result i32) local.get 0 i32.add '.repeat(10_000)}
      ${'else i32.const 3 i32.xor end '.repeat(10_000)} drop)`,
    'bounds',
  ),
  'branches-to-everywhere': called(
    `(func $bomb (param i32) ${'block '.repeat(1_000)}
      ${many(20_000, at => `local.get 0 br_if ${at % 1_000}`)} ${'end '.repeat(1_000)})`,
    'bounds',
  ),
  'locals-beyond-the-engine': core(`(func (local ${'i64 '.repeat(50_001)}))`, {
    at: 'compile',
    words: /local/,
  }),
  'a-body-beyond-the-engine': {
    component: () => aroundCore(moduleOf(bodyOf(7_700_000))),
    stop: { at: 'compile', words: /function size/ },
  },
  'a-very-long-body': called(
    `(func $bomb (param i32) ${'local.get 0 i32.const 3 i32.mul local.set 0 '.repeat(50_000)})`,
    'bounds',
  ),
  'parameters-over-the-bound': core(
    `(type (func (param ${'i32 '.repeat(1_001)})))`,
    linkLimit(/core values/),
  ),
  'imports-over-the-bound': core(
    many(10_001, at => `(import "a" "f${at}" (func))`),
    linkLimit(/imports/),
  ),
  'exports-over-the-bound': core(
    `(func) ${many(10_001, at => `(export "f${at}" (func 0))`)}`,
    linkLimit(/exports/),
  ),
  'types-over-the-bound': core('(type (func)) '.repeat(10_001), linkLimit(/types/)),
});

const PAIR = '(type (tuple u8))';

/** Components that are small and mean something huge. */
export const TYPE_BOMBS = section('type bombs', {
  'types-that-double': {
    component: () => `(component ${PAIR} ${many(40, at => `(type (tuple ${at} ${at}))`)})`,
    stop: linkLimit(/./),
  },
  'types-that-nest': {
    component: () => `(component (type (list u8)) ${many(5_000, at => `(type (list ${at}))`)})`,
    stop: linkLimit(/./),
  },
  'records-over-the-bound': {
    component: () => `(component (type (record ${many(1_001, at => `(field "f${at}" u8)`)})))`,
    stop: linkLimit(/./),
  },
  'instances-that-multiply': {
    component: () => multiplied('(instance (instantiate $c6))'),
    stop: linkLimit(/./),
  },
  'instances-that-would-multiply': {
    component: () => multiplied(''),
    stop: linkLimit(/./),
  },
  'instance-types-that-multiply': {
    component: () => {
      const levels = many(6, at => {
        const names = many(30, n => `(export "e${n}" (instance (type $p)))`);
        return `(type $t${at + 1} (instance (alias outer 1 $t${at} (type $p)) ${names}))`;
      });
      return `(component (type $t0 (instance (export "f" (func)))) ${levels}
        (import "a" (instance (type $t6))))`;
    },
    stop: linkLimit(/./),
  },
  'instances-in-instances-that-double': {
    component: () =>
      `(component (instance) ${many(
        40,
        at => `(instance (export "a" (instance ${at})) (export "b" (instance ${at})))`,
      )} (export "i" (instance 40)))`,
    stop: linkLimit(/./),
  },
  'components-that-nest': {
    component: () => `${'(component '.repeat(60)}${')'.repeat(60)}`,
    stop: linkLimit(/nested/),
  },
  'definitions-over-the-bound': {
    component: () => `(component ${'(type u8) '.repeat(20_001)})`,
    stop: linkLimit(/definitions/),
  },
  'links-that-multiply': {
    component: () => `(component
      (core module $a (func) ${many(2_000, at => `(export "f${at}" (func 0))`)})
      (core module $b ${many(2_000, at => `(import "a" "f${at}" (func))`)})
      (core instance $i (instantiate $a))
      ${'(core instance (instantiate $b (with "a" (instance $i))))'.repeat(150)})`,
    stop: linkLimit(/./),
  },
});

function multiplied(last: string): string {
  const levels = many(6, at => {
    const make = `(instance (instantiate $c${at}))`.repeat(16);
    return `(component $c${at + 1} (alias outer 1 ${at} (component $c${at})) ${make})`;
  });
  return `(component (component $c0) ${levels} ${last})`;
}
