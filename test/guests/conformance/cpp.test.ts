import { suite } from 'uvu';
import { conformance } from './conformance-suite.ts';

const test = suite('guests: conformance in cpp');

conformance(test, 'cpp');

test.run();
