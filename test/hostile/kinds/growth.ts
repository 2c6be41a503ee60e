import { controllerText } from '../controller-text.ts';
import { type KindEntry, section } from '../kind.ts';

/** A component around a core module that is refused for what it declares. */
function declares(core: string, code: 'LINK_LIMIT' | 'LINK_UNSUPPORTED', words: RegExp): KindEntry {
  return {
    component: () => `(component (core module ${core}) (core instance (instantiate 0)))`,
    stop: { at: 'link', code, words },
  };
}

function bounded(parts: Parameters<typeof controllerText>[0]): KindEntry {
  return { component: () => controllerText(parts), stop: { at: 'bounds' } };
}

function instances(count: number): string {
  return `(component (core module $m) ${'(core instance (instantiate $m))'.repeat(count)})`;
}

/** Growth of memories, tables, handles, instances: at run time and by declaration. */
export const GROWTH = section('growth', {
  'grow-memory': bounded({
    message: '(loop (br_if 0 (i32.ne (i32.const -1) (memory.grow (i32.const 16)))))',
  }),
  'grow-memory-and-fill-it': bounded({
    message: `(loop
      (br_if 0 (i32.ne (i32.const -1) (memory.grow (i32.const 1)))))
      (memory.fill (i32.const 65536) (i32.const 7)
        (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 65536)))`,
  }),
  'grow-function-table': bounded({
    guest: '(table $t 1 funcref)',
    message: `(loop (br_if 0
      (i32.ne (i32.const -1) (table.grow $t (ref.null func) (i32.const 1000)))))`,
  }),
  'grow-extern-table': bounded({
    guest: '(table $t 1 externref)',
    message: `(loop (br_if 0
      (i32.ne (i32.const -1) (table.grow $t (ref.null extern) (i32.const 1)))))`,
  }),
  'grow-handles': {
    component: () =>
      controllerText({
        component: `(type $thing (resource (rep i32)))
  (core func $new (canon resource.new $thing))`,
        coreImports: '(import "host" "new" (func $new (param i32) (result i32)))',
        coreArguments: '(export "new" (func $new))',
        message: '(loop (drop (call $new (i32.const 7))) (br 0))',
      }),
    stop: { at: 'call', words: /over 65536 handles/ },
  },
  'declare-much-memory': declares('(memory 65536)', 'LINK_LIMIT', /pages of memory/),
  'declare-more-memory-than-requested': declares('(memory 200)', 'LINK_LIMIT', /pages of memory/),
  'declare-many-memories': {
    component: () =>
      `(component ${'(core module (memory 20)) '.repeat(10)} ${Array.from(
        { length: 10 },
        (_, at) => `(core instance (instantiate ${at}))`,
      ).join(' ')})`,
    stop: { at: 'link', code: 'LINK_LIMIT', words: /pages of memory/ },
  },
  'declare-memory-many-times': {
    component: () =>
      `(component (core module $m (memory 1)) ${'(core instance (instantiate $m)) '.repeat(150)})`,
    stop: { at: 'link', code: 'LINK_LIMIT', words: /pages of memory/ },
  },
  'declare-huge-table': declares('(table 100000000 funcref)', 'LINK_LIMIT', /table entries/),
  'declare-many-tables': declares(
    '(table 100 funcref) '.repeat(200),
    'LINK_LIMIT',
    /table entries/,
  ),
  'declare-many-globals': declares(
    '(global i32 (i32.const 0)) '.repeat(50_001),
    'LINK_LIMIT',
    /globals/,
  ),
  'declare-many-instances': {
    component: () => instances(201),
    stop: { at: 'link', code: 'LINK_LIMIT', words: /instances/ },
  },
  'declare-many-modules': {
    component: () => `(component ${'(core module) '.repeat(65)})`,
    stop: { at: 'link', code: 'LINK_LIMIT', words: /core modules/ },
  },
  'declare-shared-memory': declares('(memory 1 1 shared)', 'LINK_UNSUPPORTED', /shared/),
  'declare-64-bit-memory': declares('(memory i64 1)', 'LINK_UNSUPPORTED', /64-bit/),
  'declare-64-bit-table': declares('(table i64 1 funcref)', 'LINK_UNSUPPORTED', /64-bit/),
  'declare-odd-pages': declares('(memory 1 (pagesize 1))', 'LINK_UNSUPPORTED', /odd-paged/),
  'declare-two-memories': declares('(memory 1) (memory 1)', 'LINK_UNSUPPORTED', /one memory/),
  'declare-struct-type': declares('(type (struct (field i32)))', 'LINK_UNSUPPORTED', /no function/),
  'declare-array-type': declares('(type (array (mut i64)))', 'LINK_UNSUPPORTED', /no function/),
  'declare-tag': declares('(tag)', 'LINK_UNSUPPORTED', /tags/),
  'declare-typed-table': declares(
    '(type $f (func)) (table 1 (ref null $f))',
    'LINK_UNSUPPORTED',
    /typed table/,
  ),
  'data-beyond-memory': {
    component: () => controllerText({ memoryFields: '(data (i32.const 65535) "over")' }),
    stop: { at: 'trial', words: /data segment|out of bounds/ },
  },
  'elements-beyond-table': {
    component: () =>
      controllerText({ guest: '(table 1 funcref) (func $f) (elem (i32.const 1) $f)' }),
    stop: { at: 'trial', words: /table|element|out of bounds/ },
  },
});
