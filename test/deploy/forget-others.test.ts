import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { sha256 } from '../../runtime/base/sha256.ts';
import { bench, envelope, flaws, inFolder } from './deployer-bench.ts';

const test = suite('deploy/deployer: what is forgotten');

test('what was made ready of others is forgotten at a start, a commit and a refusal', () =>
  inFolder(async folder => {
    const digest = (text: string) => sha256(envelope(text));
    const { deployer, kept } = await bench(folder);
    await deployer.boot();
    assert.equal(kept.splice(0), [new Set()]);
    await deployer.install(envelope('1.0.0 forged')).catch(() => undefined);
    assert.equal(kept.splice(0), [new Set()]);
    await deployer.install(envelope('1.0.0'));
    await deployer.install(envelope('2.0.0'));
    await deployer.install(envelope('3.0.0'));
    assert.equal(kept.splice(0), [
      new Set([digest('1.0.0')]),
      new Set([digest('1.0.0'), digest('2.0.0')]),
      new Set([digest('2.0.0'), digest('3.0.0')]),
    ]);
    flaws.add('4.0.0 health');
    await deployer.install(envelope('4.0.0')).catch(() => undefined);
    assert.equal(kept.splice(0), [new Set([digest('3.0.0')])]);
    await deployer.close();
    const again = await bench(folder);
    await again.deployer.boot();
    assert.equal(again.kept, [new Set([digest('3.0.0')])]);
  }));

test.run();
