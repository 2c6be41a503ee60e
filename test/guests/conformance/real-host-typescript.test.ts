import { suite } from 'uvu';
import { conformanceInRealHost } from './real-host-suite.ts';

const test = suite('guests: conformance in typescript, in component-host');

conformanceInRealHost(test, 'typescript');

test.run();
