import { contractDigest, exportFunctions, importFunctions } from '../../wit/generated/contract.ts';
import { warmUp } from '../../wit/generated/warm-up.ts';
import { runWorker } from '../components/host/worker-io.ts';

runWorker({ imports: importFunctions, exports: exportFunctions, digest: contractDigest }, warmUp);
