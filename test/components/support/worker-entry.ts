import { runWorker } from '../../../runtime/components/host/worker-io.ts';
import { testContract } from './test-contract.ts';

runWorker(testContract);
