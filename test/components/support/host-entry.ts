import { runHostMain } from '../../../runtime/components/host/host-main-io.ts';
import { CONFINED_FLAGS, readFlags } from '../../../runtime/components/host-command.ts';
import { testEntry } from './test-entry.ts';
import { testContract } from './test-contract.ts';

await runHostMain({
  contractDigest: testContract.digest,
  workerEntry: new URL('./worker-entry.ts', import.meta.url),
  workerFlags: [...CONFINED_FLAGS, ...readFlags(testEntry('worker-entry'))],
});
