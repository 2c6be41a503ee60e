import { suite } from 'uvu';
import { conformance } from './conformance-suite.ts';

const test = suite('guests: conformance in wat');

conformance(test, 'wat');

test.run();
