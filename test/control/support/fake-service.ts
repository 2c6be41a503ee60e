import { ControlError } from '../../../runtime/control/errors.ts';
import type {
  InstalledReport,
  InstallStep,
  LineChange,
  LogLine,
  StatusReport,
} from '../../../runtime/control/reports.ts';
import type { ControlService } from '../../../runtime/control/service.ts';

export const INSTALLED: InstalledReport = {
  name: 'site',
  version: '2.0.1',
  slot: 'b',
  manifestDigest: 'ab'.repeat(32),
  state: 'committed',
};

export const CONTROLLER: StatusReport['controllers'][number] = {
  name: 'thermostat',
  version: '2.0.1',
  state: 'running',
  forMs: 12_000,
  restartInMs: null,
  restarts: 0,
  attempt: null,
  attemptsMax: 5,
  health: 'healthy',
  message: null,
  memoryBytes: 18 * 1_048_576,
  waiting: 0,
  handled: 10,
  lost: 0,
  capabilities: ['serial', 'mqtt'],
};

export const STATUS: StatusReport = {
  gateway: 'gw-17',
  runtimeVersion: '0.3.0',
  uptimeMs: 76 * 3_600_000,
  verdict: 'ok',
  problems: [],
  notices: [],
  root: { version: 1, expiresS: null },
  slots: {
    a: {
      name: 'site',
      version: '1.1.9',
      sequence: 8,
      manifestDigest: 'cd'.repeat(32),
      state: 'good',
      active: false,
    },
    b: {
      name: 'site',
      version: '2.0.1',
      sequence: 9,
      manifestDigest: 'ab'.repeat(32),
      state: 'good',
      active: true,
    },
  },
  controllers: [CONTROLLER],
  host: { state: 'running', pid: 812, starts: 1, walls: [] },
  mqtt: [
    {
      connection: 'local',
      connected: true,
      address: 'mqtts://b1:8883',
      queued: 0,
      dropped: 0,
      refused: 0,
      lastError: null,
    },
  ],
  lastChange: { what: '2.0.1 ok', agoMs: 2 * 3_600_000 },
};

/** A service that answers from plain values and records what it was asked. */
export class FakeService implements ControlService {
  status_: StatusReport = STATUS;
  asked: string[] = [];
  lines_: LogLine[] = [];
  logListeners = new Set<(line: LogLine) => void>();
  lineListeners = new Set<(change: LineChange) => void>();
  installed: Uint8Array | null = null;
  onInstall: (onStep: (step: InstallStep) => void) => Promise<InstalledReport> = () =>
    Promise.resolve(INSTALLED);
  adopted: Uint8Array | null = null;
  token: Uint8Array | null = null;
  onRollback: () => Promise<InstalledReport> = () => Promise.resolve(INSTALLED);
  simulated = true;
  metricsText = 'airssys_up_info 1\n';
  causes: Awaited<ReturnType<ControlService['why']>>['causes'] = [];

  status() {
    this.asked.push('status');
    return Promise.resolve(this.status_);
  }

  list() {
    return Promise.resolve({
      release: { name: 'site', version: '2.0.1', sequence: 9, slot: 'b' },
      controllers: [
        {
          name: 'thermostat',
          version: '2.0.1',
          state: 'running' as const,
          digest: 'ef'.repeat(32),
          sizeBytes: 1_200_000,
          parts: [{ name: 'smoother', digest: 'ab'.repeat(32), sizeBytes: 40_000 }],
          grants: ['gpio:heater[dir=out]', 'serial:meter[mode=r]'],
        },
      ],
    });
  }

  slots() {
    const { a, b } = this.status_.slots;
    return Promise.resolve({ a, b, triesLeft: null, lastCause: 'operator asked', bad: [] });
  }

  logs(query: { readonly controller?: string }, countMax: number) {
    this.asked.push(`logs ${JSON.stringify(query)} ${countMax}`);
    return countMax === 0 ? [] : this.lines_.slice(-countMax);
  }

  followLogs(_query: unknown, onLine: (line: LogLine) => void) {
    this.logListeners.add(onLine);
    return { stop: () => this.logListeners.delete(onLine) };
  }

  why(name: string | null) {
    this.asked.push(`why ${name}`);
    return Promise.resolve({ causes: this.causes });
  }

  install(envelope: Uint8Array, onStep: (step: InstallStep) => void, token: Uint8Array | null) {
    this.token = token;
    this.installed = envelope;
    return this.onInstall(onStep);
  }

  updateTrust(document: Uint8Array) {
    this.adopted = document;
    return Promise.resolve({ kind: 'root' as const, version: 2 });
  }

  rollback(reason: string) {
    this.asked.push(`rollback ${reason}`);
    return this.onRollback();
  }

  releaseQuarantine(controller: string) {
    if (controller !== 'thermostat') {
      return Promise.reject(new ControlError('CONTROL_NOT_FOUND', `no ${controller} here`));
    }
    return Promise.resolve('released' as const);
  }

  lines() {
    return Promise.resolve({
      simulated: this.simulated,
      lines: [
        { label: 'heater', direction: 'out' as const, state: 'active' as const, description: '' },
        { label: 'float-low', direction: 'in' as const, state: null, description: 'tank' },
      ],
    });
  }

  watchLines(_labels: readonly string[], onChange: (change: LineChange) => void) {
    this.lineListeners.add(onChange);
    return { stop: () => this.lineListeners.delete(onChange) };
  }

  driveLine(label: string, state: string) {
    if (!this.simulated) {
      return Promise.reject(new ControlError('CONTROL_NOT_SIMULATED', 'this is a real board'));
    }
    this.asked.push(`drive ${label} ${state}`);
    return Promise.resolve();
  }

  metrics() {
    return Promise.resolve(this.metricsText);
  }

  shutdown() {
    this.asked.push('shutdown');
    return Promise.resolve();
  }
}

/** Line `n` of a log. */
export function logLine(n: number, change: Partial<LogLine> = {}): LogLine {
  const base = {
    sequence: n,
    wallMs: 1_800_000_000_000 + n,
    level: 'info',
    source: 'gateway',
  } as const;
  return { ...base, message: `line ${n}`, ...change };
}
