import { writeSync } from 'node:fs';
import process from 'node:process';
import { encodeStageAnswer, STAGE_GREETING } from '../../../runtime/components/stage-answer.ts';

// A stage process that its component took over; the component's text says what it does.
writeSync(1, Buffer.from([STAGE_GREETING]));
const how = Buffer.concat(await process.stdin.toArray()).toString('latin1');
if (how === 'hang') setInterval(() => {}, 1_000);
if (how === 'crash') process.abort();
if (how === 'spin') for (;;);
if (how === 'own-end') {
  // As a sandbox does that cannot be put up.
  writeSync(2, 'bwrap: No permissions to create new namespace\n');
  process.exit(1);
}
if (how === 'garbage') writeSync(1, Buffer.alloc(1_000, 7));
if (how === 'flood') for (;;) writeSync(1, Buffer.alloc(1024 * 1024));
if (how === 'wrong-shape') {
  const answer = { kind: 'staged', shape: '{"imports":1}', plan: Buffer.alloc(1), modules: [] };
  for (const piece of encodeStageAnswer(answer as never)) writeSync(1, piece);
}
