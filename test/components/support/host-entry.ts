import { runHostMain } from '../../../runtime/components/host/host-main-io.ts';
import { CONFINED_FLAGS, readFlags } from '../../../runtime/components/host-command.ts';
import { testContract } from './test-contract.ts';

// Bundled beside its worker by bundled-entries.ts, as a release of the program is.
const file = new URL('./worker-entry.js', import.meta.url);
await runHostMain({
  contractDigest: testContract.digest,
  workerEntry: file,
  workerFlags: [...CONFINED_FLAGS, ...readFlags({ file, readable: [new URL('./', file)] })],
});
