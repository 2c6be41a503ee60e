import { readFileSync, writeSync } from 'node:fs';
import process from 'node:process';
import { encodeStageAnswer } from '../../../runtime/components/stage-answer.ts';

// A stage process that its component took over; the component's text says what it does.
const how = readFileSync(0, 'latin1');
if (how === 'hang') setInterval(() => {}, 1_000);
if (how === 'crash') process.abort();
if (how === 'garbage') writeSync(1, Buffer.alloc(1_000, 7));
if (how === 'flood') for (;;) writeSync(1, Buffer.alloc(1024 * 1024));
if (how === 'wrong-shape') {
  const answer = { kind: 'staged', shape: '{"imports":1}', plan: Buffer.alloc(1), modules: [] };
  for (const piece of encodeStageAnswer(answer as never)) writeSync(1, piece);
}
