/** `npm start`: see start/run.ts, which loads faster once Node keeps what it compiles. */
import { join } from 'node:path';
import { keepCompiledCode } from './start/compiled-code.ts';

keepCompiledCode(join(import.meta.dirname, '..'));
await import('./start/run.ts');
