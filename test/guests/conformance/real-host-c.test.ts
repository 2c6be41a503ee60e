import { suite } from 'uvu';
import { conformanceInRealHost } from './real-host-suite.ts';

const test = suite('guests: conformance in c, in component-host');

conformanceInRealHost(test, 'c');

test.run();
