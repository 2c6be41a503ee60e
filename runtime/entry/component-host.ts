import { contractDigest } from '../../wit/generated/contract.ts';
import { runHostMain } from '../components/host/host-main-io.ts';
import { CONFINED_FLAGS, readFlags } from '../components/host-command.ts';
import { siblingEntry } from '../components/sibling-entry.ts';

const worker = siblingEntry(import.meta.url, 'worker', 'cjs');
await runHostMain({
  contractDigest,
  workerEntry: worker.file,
  workerFlags: [...CONFINED_FLAGS, ...readFlags(worker)],
});
