import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { errorCode, errorMessage } from '../../runtime/base/errors.ts';
import type { InterfaceShape } from '../../runtime/base/value-type.ts';
import { requireWorld } from '../../runtime/components/world-check.ts';
import { contractExports, contractImports, contractWorlds } from '../../wit/generated/contract.ts';

const test = suite('components/world-check');

const BASE = 'airssys:worlds/base@0.1.0';
const CONTROLLER = interfaces('airssys:lifecycle/controller@0.1.0');
const LOGGING = interfaces('wasi:logging/logging@0.1.0-draft');
const DIGITAL = interfaces('airssys:gpio/digital@0.1.0');

function interfaces(...names: readonly string[]): InterfaceShape[] {
  return names.map(name => ({ name, functions: [], resources: [] }));
}

function outcome(
  imports: readonly InterfaceShape[],
  exports: readonly InterfaceShape[],
  world: string,
): string {
  try {
    requireWorld({ imports, exports }, world, contractWorlds);
    return 'ACCEPTED';
  } catch (error) {
    return `${errorCode(error)} ${errorMessage(error)}`;
  }
}

test('everything that the contract has is world everything', () => {
  assert.is(
    outcome(contractImports, contractExports, 'airssys:worlds/everything@0.1.0'),
    'ACCEPTED',
  );
  assert.is(contractWorlds.length, 10);
});

test('a component may import less than its world, and export more', () => {
  assert.is(outcome([], CONTROLLER, BASE), 'ACCEPTED');
  assert.is(outcome(LOGGING, contractExports, BASE), 'ACCEPTED');
  assert.is(outcome(DIGITAL, [], 'airssys:worlds/gpio@0.1.0'), 'ACCEPTED');
});

test('an import that the world does not have is refused by name', () => {
  assert.match(
    outcome([...LOGGING, ...DIGITAL], CONTROLLER, BASE),
    /^COMPONENT_REFUSED .*imports airssys:gpio\/digital@0\.1\.0, .*worlds\/base@0\.1\.0/,
  );
});

test('what toolchains put into every guest is in every world', () => {
  const stubbed = interfaces('wasi:io/streams@0.2.3', 'wasi:cli/environment@0.2.3');
  assert.is(outcome([...stubbed, ...LOGGING], CONTROLLER, BASE), 'ACCEPTED');
  assert.match(
    outcome(interfaces('wasi:keyvalue/store@0.2.0-draft2'), CONTROLLER, BASE),
    /keyvalue/,
  );
});

test('an export that the world has and the component lacks is refused by name', () => {
  assert.match(
    outcome(LOGGING, [], BASE),
    /^COMPONENT_REFUSED .*does not export airssys:lifecycle\/controller@0\.1\.0/,
  );
});

test('a world that this runtime does not know is refused, and those it knows are listed', () => {
  for (const world of ['acme:worlds/base@0.1.0', 'airssys:worlds/base@0.2.0']) {
    assert.match(
      outcome([], CONTROLLER, world),
      /^COMPONENT_REFUSED .*only airssys:worlds\/base@0/,
    );
  }
  assert.is(outcome([], CONTROLLER, 'airssys:worlds/base@0.1.7'), 'ACCEPTED');
});

test.run();
