import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { sameType } from '../../runtime/base/same-type.ts';
import type { ComponentShape, InterfaceShape, ValueType } from '../../runtime/base/value-type.ts';
import { requireContract } from '../../runtime/components/contract-check.ts';
import { parseShape } from '../../runtime/components/shape-parser.ts';
import { ComponentError } from '../../runtime/ports/component-host.ts';
import { contractExports, contractImports } from '../../wit/generated/contract.ts';

const test = suite('components/contract-check');
const contract = { imports: contractImports, exports: contractExports };

function known(shapes: readonly InterfaceShape[], name: string): InterfaceShape {
  const found = shapes.find(shape => shape.name.startsWith(`${name}@`));
  if (found === undefined) throw new Error(name);
  return found;
}

const controller = known(contractExports, 'airssys:lifecycle/controller');
const digital = known(contractImports, 'airssys:gpio/digital');

function shapeWith(imports: readonly InterfaceShape[], exports = [controller]): ComponentShape {
  return { imports, exports };
}

function refuses(shape: ComponentShape, words: RegExp): void {
  try {
    requireContract(shape, contract);
  } catch (error) {
    assert.instance(error, ComponentError);
    assert.is((error as ComponentError).code, 'COMPONENT_REFUSED');
    assert.match((error as ComponentError).message, words);
    return;
  }
  assert.unreachable('the shape was taken');
}

function renamed(shape: InterfaceShape, name: string): InterfaceShape {
  return { ...shape, name };
}

test('what is exactly the contract is taken', () => {
  requireContract({ imports: contractImports, exports: contractExports }, contract);
});

test('a newer patch of the same track is taken, another track is refused', () => {
  requireContract(shapeWith([renamed(digital, 'airssys:gpio/digital@0.1.9')]), contract);
  refuses(shapeWith([renamed(digital, 'airssys:gpio/digital@0.2.0')]), /gpio\/digital@0\.2\.0/);
});

test('an import that nobody knows is refused by name', () => {
  refuses(
    shapeWith([{ name: 'evil:host/fs@1.0.0', functions: [], resources: [] }]),
    /evil:host\/fs/,
  );
});

test('a function that nobody knows is refused by name', () => {
  const extra = { name: 'format-disk', params: [], result: null };
  const more = { ...digital, functions: [...digital.functions, extra] };
  refuses(shapeWith([more]), /format-disk/);
});

test('a function with other types is refused by name', () => {
  const functions = digital.functions.map(shape =>
    shape.name === 'read' ? { ...shape, result: { kind: 'u32' } as const } : shape,
  );
  refuses(shapeWith([{ ...digital, functions }]), /"read" with another result/);
  const params = digital.functions.map(shape => ({ ...shape, params: [] }));
  refuses(shapeWith([{ ...digital, functions: params }]), /"read" with other parameters/);
});

test('WASI without authority may be imported in any shape', () => {
  const names = ['wasi:cli/environment@0.2.3', 'wasi:filesystem/types@0.2.3', 'wasi:io/poll@0.2.3'];
  requireContract(shapeWith(names.map(name => ({ name, functions: [], resources: [] }))), contract);
});

test('a component without a controller, or with half of one, is refused', () => {
  refuses({ imports: [], exports: [] }, /does not export airssys:lifecycle\/controller/);
  const half = { ...controller, functions: controller.functions.slice(1) };
  refuses(shapeWith([], [half]), /without "start"/);
});

test('a handler with other types is refused', () => {
  const handler = known(contractExports, 'airssys:timer/tick-handler');
  const functions = handler.functions.map(shape => ({ ...shape, params: [] }));
  refuses(
    shapeWith([], [controller, { ...handler, functions }]),
    /"on-tick" with other parameters/,
  );
});

test('types of the whole contract are each the same as themselves and nothing else', () => {
  const types = [...contractImports, ...contractExports].flatMap(({ functions }) =>
    functions.flatMap(({ params, result }) => [...params.map(({ type }) => type), result]),
  );
  for (const left of types) {
    for (const right of types) {
      assert.is(sameType(left, right), JSON.stringify(left) === JSON.stringify(right));
    }
  }
});

test('a shape survives its way as JSON', () => {
  const shape: ComponentShape = { imports: contractImports, exports: contractExports };
  assert.equal(parseShape(JSON.stringify(shape)), shape);
});

test('JSON that is no shape is refused, whichever part is wrong', () => {
  const withType = (type: unknown) =>
    JSON.stringify({
      imports: [{ name: 'a', resources: [], functions: [{ name: 'f', params: [], result: type }] }],
      exports: [],
    });
  parseShape(withType({ kind: 'u8' }));
  let deep: ValueType = { kind: 'u8' };
  for (let depth = 0; depth < 130; depth++) deep = { kind: 'list', element: deep };
  const wrong = ['{}', '[]', 'null', '{"imports":[],"exports":[1]}', withType({ kind: 'future' })];
  wrong.push(withType({ kind: 'list' }), withType({ kind: 'enum', names: [1] }), withType(deep));
  wrong.push(withType({ kind: 'own', resource: 'x'.repeat(300) }), withType(7));
  for (const json of wrong) assert.throws(() => parseShape(json), undefined, json.slice(0, 80));
});

test.run();
