import { suite } from 'uvu';
import { conformanceInRealHost } from './real-host-suite.ts';

const test = suite('guests: conformance in rust, in component-host');

conformanceInRealHost(test, 'rust');

test.run();
