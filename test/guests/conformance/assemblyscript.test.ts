import { suite } from 'uvu';
import { conformance } from './conformance-suite.ts';

const test = suite('guests: conformance in assemblyscript');

conformance(test, 'assemblyscript');

test.run();
