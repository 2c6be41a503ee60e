import process from 'node:process';
import { createSystemClock } from '../../../drivers/clock/system-clock.ts';
import { errorCode } from '../../../runtime/base/errors.ts';
import { spawnStage } from '../../../runtime/components/stage-io.ts';
import { guestBytes } from './guest.ts';

// A gateway that stages two components and tells how that went; its argument demands the sandbox.
const told: string[] = [];
const port = spawnStage({
  clock: createSystemClock(),
  deadlineMs: 60_000,
  requireSandbox: process.argv[2] === 'required',
  onShared: why => told.push(why),
});
const bytes = await guestBytes();
const stage = () => port.stage(bytes, { memoryBytesMax: 16 * 1024 * 1024 });
const outcomes = [
  await stage().then(() => 'staged', errorCode),
  await stage().then(() => 'staged', errorCode),
];
process.stdout.write(JSON.stringify({ outcomes, told, walls: port.walls() }));
