import process from 'node:process';
import { errorCode } from '../../../runtime/base/errors.ts';
import type { WallName } from '../../../runtime/ports/component-host.ts';
import { startTestHost } from './test-host.ts';

// A process in the gateway's place, with a host and a guest that run: it prints what it sees and
// stays. The walls that it demands are its arguments.
const requiredWalls = process.argv.slice(2) as WallName[];
const fixture = startTestHost({ requiredWalls, slots: 1 });
const activated = await fixture.activate().then(
  () => 'activated',
  (error: unknown) => errorCode(error),
);
const { pid, walls } = fixture.host.status();
const { output } = fixture;
process.stdout.write(`${JSON.stringify({ activated, pid, walls, output })}\n`);
process.stdin.resume();
process.stdin.once('end', () => void fixture.close());
