import { conformanceInRealHost } from './real-host-suite.ts';

conformanceInRealHost('typescript');
