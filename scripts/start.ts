/**
 * `npm start`: see start/run.ts. Only lets Node keep what it compiles, for this process and the
 * daemon: the second start loads in half the time.
 */
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

const folder = join(import.meta.dirname, '../build/compiled');
enableCompileCache(folder);
process.env.NODE_COMPILE_CACHE = folder;
await import('./start/run.ts');
