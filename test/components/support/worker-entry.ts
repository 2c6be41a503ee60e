import { runWorker } from '../../../runtime/components/host/worker-io.ts';
import { warmUp } from '../../../wit/generated/warm-up.ts';
import { testContract } from './test-contract.ts';

runWorker(testContract, warmUp);
