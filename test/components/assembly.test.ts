import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { errorCode, errorMessage } from '../../runtime/base/errors.ts';
import type { Link } from '../../runtime/base/link.ts';
import type { InterfaceShape } from '../../runtime/base/value-type.ts';
import { assemble } from '../../runtime/components/assembly.ts';
import type { StagedArtifact } from '../../runtime/ports/component-host.ts';
import { contractExports, contractImports } from '../../wit/generated/contract.ts';

const test = suite('components/assembly');

const contract = { imports: contractImports, exports: contractExports };

function known(shapes: readonly InterfaceShape[], name: string): InterfaceShape {
  const found = shapes.find(shape => shape.name.startsWith(`${name}@`));
  if (found === undefined) throw new Error(name);
  return found;
}

const CONTROLLER = known(contractExports, 'airssys:lifecycle/controller');
const DIGITAL = known(contractImports, 'airssys:gpio/digital');
const LOGGING = known(contractImports, 'wasi:logging/logging');

function signal(name: string, result: 'u32' | 'u64' = 'u32'): InterfaceShape {
  const shape = { name: 'next', params: [], result: { kind: result } } as const;
  return { name: `acme:signal/${name}@1.0.0`, functions: [shape], resources: [] };
}

function staged(
  imports: readonly InterfaceShape[],
  exports: readonly InterfaceShape[],
): StagedArtifact {
  return { digest: '', shape: { imports, exports }, plan: new Uint8Array(0), modules: [] };
}

const link = (importer: string, name: string, exporter: string): Link => {
  return { importer, interface: `acme:signal/${name}@1.0.0`, exporter };
};

/** A controller that calls `inner` through `outer`. */
const OWN = staged([signal('outer'), DIGITAL, LOGGING], [CONTROLLER]);
const OUTER = staged([signal('inner'), LOGGING], [signal('outer')]);
const INNER = staged([], [signal('inner')]);
const LINKS = [link('own', 'outer', 'outer'), link('outer', 'inner', 'inner')];

function assembled(
  parts: Readonly<Record<string, StagedArtifact>>,
  links: readonly Link[] = LINKS,
  own = OWN,
): string[] {
  const draft = { name: 'own', own, parts: new Map(Object.entries(parts)), links };
  const { own: last, parts: first } = assemble(draft, contract);
  return [...first, last].map(({ name }) => name);
}

function refused(words: RegExp, ...args: Parameters<typeof assembled>): void {
  assert.throws(
    () => assembled(...args),
    (error: unknown) => errorCode(error) === 'COMPONENT_REFUSED' && words.test(errorMessage(error)),
  );
}

test('who is called comes before who calls, and the controller last', () => {
  assert.equal(assembled({ outer: OUTER, inner: INNER }), ['inner', 'outer', 'own']);
  assert.equal(assembled({}, [], staged([DIGITAL], [CONTROLLER])), ['own']);
});

test('an import that nobody answers is refused, of the controller and of a part', () => {
  refused(/it imports acme:signal\/outer/, { inner: INNER }, []);
  refused(/part outer: .*it imports acme:signal\/inner/, { outer: OUTER }, LINKS.slice(0, 1));
});

test('a part that reaches for a device is refused by name, whatever its controller may', () => {
  const reaching = staged([signal('inner'), DIGITAL], [signal('outer')]);
  refused(/part outer imports airssys:gpio\/digital.*no capabilities/, {
    outer: reaching,
    inner: INNER,
  });
  const settings = known(contractImports, 'wasi:config/store');
  const asking = staged([settings], [signal('inner')]);
  refused(/part inner imports wasi:config\/store/, { outer: OUTER, inner: asking });
});

test('logging of another shape is not logging', () => {
  const other = { ...LOGGING, functions: LOGGING.functions.map(one => ({ ...one, params: [] })) };
  refused(/part inner: .*"log" with other parameters/, {
    outer: OUTER,
    inner: staged([other], [signal('inner')]),
  });
});

test('components that no host would take are refused before one is asked', () => {
  const bytes = new Uint8Array(33 * 1024 * 1024);
  const large = { ...INNER, modules: [bytes] };
  refused(/69206016 bytes when staged, over 67108864/, {
    outer: { ...OUTER, modules: [bytes] },
    inner: large,
  });
  assert.equal(assembled({ outer: OUTER, inner: large }), ['inner', 'outer', 'own']);
});

test('a link may answer what the contract would: the controller then does not reach it', () => {
  const fake = staged([], [DIGITAL]);
  const own = staged([DIGITAL], [CONTROLLER]);
  const links = [{ importer: 'own', interface: DIGITAL.name, exporter: 'fake' }];
  assert.equal(assembled({ fake }, links, own), ['fake', 'own']);
});

test('shapes that differ, and circles, are refused by the link', () => {
  refused(/own imports acme:signal\/outer.* "next" has other result/, {
    outer: staged([signal('inner')], [signal('outer', 'u64')]),
    inner: INNER,
  });
  const back = staged([signal('outer')], [signal('inner')]);
  const round = [...LINKS, link('inner', 'outer', 'outer')];
  refused(/circle among/, { outer: OUTER, inner: back }, round);
});

test.run();
