import { conformanceInRealHost } from './real-host-suite.ts';

conformanceInRealHost('c');
