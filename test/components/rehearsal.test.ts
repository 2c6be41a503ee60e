import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { FunctionShape } from '../../runtime/base/value-type.ts';
import { semverTrack } from '../../runtime/linker/names.ts';
import type { Plan } from '../../runtime/linker/plan.ts';
import { ShapeWriter } from '../../runtime/linker/shape.ts';
import { exportFunctions, importFunctions } from '../../wit/generated/contract.ts';
import { warmUp } from '../../wit/generated/warm-up.ts';

const test = suite('components: what a waiting worker rehearses');

const plan: Plan = JSON.parse(warmUp.plan);

/** Returns the parameter and result types that the contract has for a function. */
function contractShape(
  functions: readonly { readonly interface: string; readonly function: FunctionShape }[],
  owner: string,
  name: string,
): unknown {
  const found = functions.find(
    entry => semverTrack(entry.interface) === semverTrack(owner) && entry.function.name === name,
  );
  assert.ok(found, `the contract has ${owner} ${name}`);
  return found.function;
}

test('its imports and exports are functions of the contract, with the same types', () => {
  const writer = new ShapeWriter(plan);
  assert.ok(plan.imports.length > 0 && plan.exports.length > 0);
  for (const { interface: owner, function: name, type } of plan.imports) {
    assert.equal(writer.function(name, type), contractShape(importFunctions, owner, name));
  }
  for (const { interface: owner, function: name, type } of plan.exports) {
    assert.equal(writer.function(name, type), contractShape(exportFunctions, owner, name));
  }
});

test.run();
