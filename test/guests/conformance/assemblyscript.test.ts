import { conformance } from './conformance-suite.ts';

conformance('assemblyscript');
