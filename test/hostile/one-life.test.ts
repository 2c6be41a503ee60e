import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { errorMessage } from '../../runtime/base/errors.ts';
import { DEFAULT_LINK_LIMITS, stageComponent, Trap } from '../../runtime/linker/index.ts';
import { CATALOG } from './catalog.ts';
import { bytesOf, type HostileKind } from './kind.ts';
import { live, stand } from './one-life.ts';

const test = suite('hostile: one life of each kind in one process');

/** Nothing here can end a loop; what loops is only for the gateway. */
const KINDS = CATALOG.filter(({ section, stop, name }) => {
  const isStaged = ['trial', 'call', 'bounds'].includes(stop.at);
  return isStaged && section !== 'loops' && !name.includes('in-a-loop');
});

for (const kind of KINDS) {
  const what = kind.stop.at === 'bounds' ? 'goes on' : 'traps as it should';
  test(`${kind.name} ${what}`, async () => {
    const staged = stageComponent(await bytesOf(kind), DEFAULT_LINK_LIMITS);
    const trap = trapOf(() => live(stand(staged)));
    const words = wordsOf(kind);
    if (words === null) assert.is(trap?.message, undefined);
    else assert.match(trap?.message ?? 'no trap', words);
  });
}

/** Words of the trap, or null where there is none: a refusal to start is a value. */
function wordsOf({ stop }: HostileKind): RegExp | null {
  if (stop.at !== 'trial' && stop.at !== 'call') return null;
  return stop.words.source.includes('start-refused') ? null : stop.words;
}

function trapOf(task: () => void): Trap | null {
  try {
    task();
  } catch (error) {
    assert.instance(error, Trap, errorMessage(error));
    return error instanceof Trap ? error : null;
  }
  return null;
}

test.run();
