import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { confinedCommand } from '../../runtime/components/host-command.ts';
import {
  judgedProbes,
  type KernelFacts,
  kernelWalls,
  missingWalls,
} from '../../runtime/components/walls.ts';
import type { Wall } from '../../runtime/ports/component-host.ts';

const test = suite('components/walls');

const NONE = { uid: '', namespaces: '', seccomp: '' };
const KINDS = ['mnt', 'pid', 'net', 'ipc', 'uts', 'user'];
const spaces = (tag: string) => new Map(KINDS.map(kind => [kind, `${kind}:[${tag}]`]));

/** A host behind everything. */
const WALLED: KernelFacts = {
  gatewayUid: 0,
  status: 'Uid:\t7\t7\t7\t7\nNoNewPrivs:\t1\nCapEff:\t0000\nSeccomp:\t2\nSeccomp_filters:\t1\n',
  gatewayStatus: 'Uid:\t0\nSeccomp:\t0\nSeccomp_filters:\t0\n',
  limits: 'Max file size             0    0    bytes\nMax core file size        0    0    bytes\n',
  namespaces: spaces('2'),
  gatewayNamespaces: spaces('1'),
};

function stateOf(facts: Partial<KernelFacts>, name: string, obstacles = NONE): string {
  const found = kernelWalls({ ...WALLED, ...facts }, obstacles).find(wall => wall.name === name);
  return `${found?.state} ${found?.detail}`;
}

test('a host behind everything has every wall up', () => {
  assert.equal(
    kernelWalls(WALLED, NONE).filter(({ state }) => state !== 'up'),
    [],
  );
});

test('each wall falls by its own fact alone', () => {
  const replaced = (text: string, by: string) => ({ status: WALLED.status.replace(text, by) });
  for (const [name, facts] of [
    ['own-uid', { gatewayUid: 7 }],
    ['no-new-privileges', replaced('NoNewPrivs:\t1', 'NoNewPrivs:\t0')],
    ['no-capabilities', replaced('CapEff:\t0000', 'CapEff:\t0400')],
    [
      'resource-limits',
      { limits: WALLED.limits.replace('file size             0', 'file size 1') },
    ],
    ['namespaces', { namespaces: new Map([...spaces('2'), ['net', 'net:[1]']]) }],
    ['seccomp', replaced('Seccomp:\t2', 'Seccomp:\t0')],
  ] as const) {
    const fallen = kernelWalls({ ...WALLED, ...facts }, NONE).filter(({ state }) => state !== 'up');
    assert.equal(
      fallen.map(wall => [wall.name, wall.state]),
      [[name, 'down']],
    );
  }
});

test('a filter that the gateway is under too is none of the host', () => {
  const gatewayStatus = WALLED.gatewayStatus.replace('filters:\t0', 'filters:\t1');
  assert.match(stateOf({ gatewayStatus }, 'seccomp'), /^down /);
});

test('a shared namespace is named, and why there is none of its own', () => {
  const facts = { namespaces: new Map([...spaces('2'), ['pid', 'pid:[1]'], ['ipc', 'ipc:[1]']]) };
  const obstacles = { ...NONE, namespaces: 'bubblewrap is not installed' };
  assert.is(
    stateOf(facts, 'namespaces', obstacles),
    "down pid, ipc are the gateway's: bubblewrap is not installed",
  );
});

test('what the kernel does not tell is unknown, and never up', () => {
  const facts: KernelFacts = {
    ...WALLED,
    status: '',
    limits: '',
    namespaces: new Map(),
  };
  assert.equal(
    kernelWalls(facts, NONE).map(({ state }) => state),
    Array(6).fill('unknown'),
  );
});

test('a probe is judged by the namespace it was made in', () => {
  const probed: Wall[] = [
    { name: 'network', state: 'down', detail: 'opens sockets' },
    { name: 'signals', state: 'down', detail: 'may signal' },
    { name: 'files', state: 'down', detail: 'reads' },
  ];
  const states = (facts: KernelFacts) => judgedProbes(probed, facts).map(({ state }) => state);
  assert.equal(states(WALLED), ['up', 'up', 'down']);
  assert.equal(states({ ...WALLED, namespaces: spaces('1') }), ['down', 'down', 'down']);
  assert.equal(states({ ...WALLED, namespaces: new Map() }), ['down', 'down', 'down']);
});

test('a host does not vouch for what only the kernel knows', () => {
  const lie: Wall = { name: 'seccomp', state: 'up', detail: 'believe me' };
  assert.equal(judgedProbes([lie], WALLED), []);
});

test('a demanded wall is missing when it is down, unknown or not reported at all', () => {
  const walls: Wall[] = [
    { name: 'files', state: 'up', detail: '' },
    { name: 'network', state: 'unknown', detail: 'no answer' },
    { name: 'own-uid', state: 'down', detail: 'not root' },
  ];
  assert.equal(missingWalls(walls, []), []);
  assert.equal(missingWalls(walls, ['files']), []);
  assert.equal(missingWalls(walls, ['network', 'files', 'own-uid', 'seccomp']), [
    'network (no answer)',
    'own-uid (not root)',
    'seccomp (nothing is known of it)',
  ]);
});

test('the uid goes before the namespaces come, and the limits before both', () => {
  const entry = { file: new URL('file:///opt/a/host.js'), readable: [new URL('file:///opt/a/')] };
  const { command, args, cwd } = confinedCommand({
    nodePath: '/opt/node',
    entry,
    flags: ['--permission'],
    args: ['42'],
    tools: { setpriv: '/s', prlimit: '/p', bwrap: '/b' },
    uid: 7,
    descriptorsMax: 10,
    sandbox: {
      bwrap: '/b',
      binds: [{ source: '/real/node', target: '/opt/node' }],
      seccomp: { program: Buffer.alloc(8), fd: 9 },
    },
  });
  assert.is(
    [command, ...args].join(' '),
    '/p --core=0 --fsize=0 --nofile=10 -- ' +
      '/s --no-new-privs --pdeathsig=KILL --reuid=7 --regid=7 --clear-groups ' +
      '--bounding-set=-all --inh-caps=-all -- ' +
      '/b --unshare-all --new-session --die-with-parent --cap-drop ALL ' +
      '--dev-bind /dev/null /dev/null --ro-bind /real/node /opt/node --remount-ro / ' +
      '--chdir /opt/a/ --seccomp 9 -- ' +
      '/opt/node --permission --allow-fs-read=/opt/a/* /opt/a/host.js 42',
  );
  assert.is(cwd, '/opt/a/');
});

test.run();
