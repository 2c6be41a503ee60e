import { suite } from 'uvu';
import { conformance } from './conformance-suite.ts';

const test = suite('guests: conformance in rust');

conformance(test, 'rust');

test.run();
