import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type BoardFaults, SimulatedBoard } from '../../../drivers/simulated/board.ts';
import { ManualClock } from '../../../drivers/simulated/manual-clock.ts';
import { createSeededRandom } from '../../../drivers/simulated/seeded-random.ts';
import type { BoardLine } from '../../../runtime/ports/board.ts';
import { type EdgeEvent, GpioError } from '../../../runtime/ports/gpio.ts';

const simulated = suite('drivers/simulated: board');

function build(faults: BoardFaults = {}, seed = 1) {
  const line = (label: string, direction: 'in' | 'out', safe: BoardLine['safe']): BoardLine => ({
    label,
    direction,
    safe,
    reserved: false,
    description: '',
  });
  const lines = [
    line('heater', 'out', 'inactive'),
    line('fan', 'out', 'active'),
    line('float', 'in', 'hold'),
  ];
  const clock = new ManualClock();
  const random = createSeededRandom(seed);
  const settings = { board: { name: 'b', lines, serialPorts: [] }, clock, random, faults };
  return { board: new SimulatedBoard(settings), clock };
}

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof GpioError) return error.code;
    throw error;
  }
  return 'nothing thrown';
}

simulated('unknown labels and wrong directions are refused', () => {
  const { board } = build();
  assert.is(
    codeOf(() => board.read('nope')),
    'GPIO_UNDEFINED_LABEL',
  );
  assert.is(
    codeOf(() => board.write('float', 'active')),
    'GPIO_MODE',
  );
  assert.is(
    codeOf(() => board.watch('heater', () => {})),
    'GPIO_MODE',
  );
  assert.is(
    codeOf(() => board.drive('heater', 'active')),
    'GPIO_MODE',
  );
  assert.is(
    codeOf(() => board.play([{ atMs: 0, label: 'nope', state: 'active' }])),
    'GPIO_UNDEFINED_LABEL',
  );
});

simulated('outputs begin safe, and their changes are a timeline', () => {
  const { board, clock } = build();
  assert.equal([board.read('heater'), board.read('fan')], ['inactive', 'active']);
  const heard: string[] = [];
  const subscription = board.onChange(({ label, state }) => void heard.push(`${label} ${state}`));
  clock.advance(10);
  board.write('heater', 'active');
  board.write('heater', 'active');
  clock.advance(10);
  board.write('heater', 'inactive');
  subscription.stop();
  board.write('fan', 'inactive');
  assert.equal(board.timeline(), [
    { label: 'heater', state: 'active', atMs: 10 },
    { label: 'heater', state: 'inactive', atMs: 20 },
    { label: 'fan', state: 'inactive', atMs: 20 },
  ]);
  assert.equal(heard, ['heater active', 'heater inactive']);
});

simulated('inputs driven and scripted reach every watcher, in order, until it stops', () => {
  const { board, clock } = build();
  const first: EdgeEvent[] = [];
  const second: EdgeEvent[] = [];
  const one = board.watch('float', event => void first.push(event));
  board.watch('float', event => void second.push(event));
  board.drive('float', 'active');
  board.drive('float', 'active');
  const script = board.play([
    { atMs: 5, label: 'float', state: 'inactive' },
    { atMs: 10, label: 'float', state: 'active' },
    { atMs: 15, label: 'float', state: 'inactive' },
  ]);
  clock.advance(7);
  one.stop();
  clock.advance(5);
  script.stop();
  clock.advance(100);
  assert.equal(
    first.map(event => event.edge),
    ['rising', 'falling'],
  );
  assert.equal(
    second.map(event => event.edge),
    ['rising', 'falling', 'rising'],
  );
  assert.equal(
    second.map(event => event.sequence),
    [1n, 2n, 3n],
  );
  assert.equal(
    second.map(event => event.timestampNs),
    [0n, 5_000_000n, 10_000_000n],
  );
  assert.is(board.read('float'), 'active');
});

simulated('lost edges are counted in the next one and leave a gap in the sequence', () => {
  const { board } = build({ lostEdge: 0.3 });
  const events: EdgeEvent[] = [];
  board.watch('float', event => void events.push(event));
  for (let i = 0; i < 200; i += 1) board.drive('float', i % 2 === 0 ? 'active' : 'inactive');
  const lost = events.reduce((sum, event) => sum + event.lost, 0);
  assert.ok(lost > 20, `${lost} lost`);
  let last = 0n;
  for (const event of events) {
    assert.is(event.sequence, last + 1n + BigInt(event.lost));
    last = event.sequence;
  }
});

simulated('faults strike by seed, the same for the same seed, and by hand', () => {
  const codes = (seed: number) => {
    const { board } = build({ hardware: 0.2, notReady: 0.2 }, seed);
    return Array.from({ length: 60 }, () => codeOf(() => board.read('heater')));
  };
  assert.equal(codes(7), codes(7));
  assert.not.equal(codes(7), codes(8));
  assert.equal([...new Set(codes(7))].sort(), [
    'GPIO_HARDWARE',
    'GPIO_NOT_READY',
    'nothing thrown',
  ]);
  const { board } = build();
  board.setFault('heater', 'hardware');
  assert.is(
    codeOf(() => board.write('heater', 'active')),
    'GPIO_HARDWARE',
  );
  assert.equal(board.timeline(), []);
  board.setFault('heater', null);
  assert.is(
    codeOf(() => board.write('heater', 'active')),
    'nothing thrown',
  );
});

simulated.run();
