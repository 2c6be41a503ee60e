import { ControlError } from '../control/errors.ts';
import type {
  InstalledReport,
  LineChange,
  LinesReport,
  TrustUpdatedReport,
} from '../control/reports.ts';
import type { ControlService } from '../control/service.ts';
import type { Deployer, InstalledRelease } from '../deploy/deployer.ts';
import type { Leave } from '../deploy/slot-machine.ts';
import type { Causes } from '../monitoring/causes.ts';
import type { LogRing } from '../monitoring/log-ring.ts';
import type { Board } from '../ports/board.ts';
import type { Clock } from '../ports/clock.ts';
import type { Hardware } from './hardware.ts';
import type { InstallProgress } from './install-progress.ts';
import type { MetricSource } from './metric-set.ts';
import type { LiveRelease } from './release-runner.ts';
import { type GatewayPicture, listReport, slotsReport, statusReport } from './status-report.ts';

/** What the control socket reaches. */
export interface ControlParts {
  readonly board: Board;
  readonly hardware: Hardware;
  readonly deployer: Deployer;
  readonly progress: InstallProgress;
  readonly causes: Causes;
  readonly ring: LogRing;
  readonly metrics: MetricSource;
  readonly clock: Clock;
  readonly live: () => LiveRelease | null;
  readonly picture: () => GatewayPicture;
  /** Returns the leave of a recovery token; throws where it is none. */
  readonly leaveOf: (token: Uint8Array) => Leave;
  readonly updateTrust: (document: Uint8Array) => Promise<TrustUpdatedReport>;
  readonly shutdown: () => void;
}

/** Causes that one `why` returns. */
const CAUSES_MAX = 20;

const NS_PER_MS = 1e6;

/** Returns what the daemon does for its control socket. */
export function controlService(parts: ControlParts): ControlService {
  const { deployer, causes, ring, live, progress } = parts;
  return {
    status: async () => statusReport(parts.picture()),
    list: async () => listReport(live()),
    slots: async () => slotsReport(deployer.record()),
    logs: (query, countMax) => [...ring.query(query, countMax)],
    followLogs: (query, onLine) => ring.follow(query, onLine),
    why: async name => ({
      causes: causes.why(name, CAUSES_MAX).map(({ sequence: _, causedBy, ...cause }) => ({
        ...cause,
        causedBy: [...causedBy],
      })),
    }),
    install: async (envelope, onStep, token) => {
      const leave = token === null ? undefined : parts.leaveOf(token);
      const following = progress.follow(onStep);
      try {
        return installedReport(await deployer.install(envelope, leave), 'committed');
      } finally {
        following.stop();
      }
    },
    rollback: async reason => installedReport(await deployer.rollback(reason), 'committed'),
    updateTrust: document => parts.updateTrust(document),
    releaseQuarantine: async name => {
      const answer = live()?.releaseQuarantine(name) ?? 'unknown';
      if (answer !== 'unknown') return answer;
      throw new ControlError('CONTROL_NOT_FOUND', `no controller "${name}" runs here`);
    },
    lines: async () => linesReport(parts),
    watchLines: (labels, onChange) => watchLines(parts, labels, onChange),
    driveLine: async (label, state) => requireSimulated(parts).drive(label, state),
    metrics: () => parts.metrics.expose(),
    shutdown: async () => parts.shutdown(),
  };
}

/** Returns what an installation or rollback led to, as a report. */
export function installedReport(
  { release, slot, manifestDigest }: InstalledRelease,
  state: InstalledReport['state'],
): InstalledReport {
  return { name: release.name, version: release.version, slot, manifestDigest, state };
}

function linesReport({ board, hardware }: ControlParts): LinesReport {
  return {
    simulated: hardware.simulated !== null,
    lines: board.lines.map(({ label, direction, description }) => {
      let state: 'active' | 'inactive' | null = null;
      try {
        state = hardware.gpio.read(label);
      } catch {
        // A line that cannot be read now is reported as unknown.
      }
      return { label, direction, state, description };
    }),
  };
}

function watchLines(
  { board, hardware, clock }: ControlParts,
  labels: readonly string[],
  onChange: (change: LineChange) => void,
): { stop(): void } {
  for (const label of labels) {
    if (!board.lines.some(line => line.label === label)) {
      throw new ControlError('CONTROL_NOT_FOUND', `the board has no line "${label}"`);
    }
  }
  const wanted = new Set(labels.length === 0 ? board.lines.map(({ label }) => label) : labels);
  const flows = board.lines
    .filter(({ label, direction }) => direction === 'in' && wanted.has(label))
    .map(({ label }) =>
      hardware.gpio.watch(label, ({ edge, timestampNs }) => {
        const state = edge === 'rising' ? 'active' : 'inactive';
        const monotonicMs = Number(timestampNs) / NS_PER_MS;
        onChange({ label, state, wallMs: clock.wallMs(), monotonicMs });
      }),
    );
  const outputs = hardware.simulated?.onChange(({ label, state, atMs }) => {
    if (!wanted.has(label)) return;
    onChange({ label, state, wallMs: clock.wallMs(), monotonicMs: atMs });
  });
  return {
    stop: () => {
      outputs?.stop();
      for (const flow of flows) flow.stop();
    },
  };
}

function requireSimulated({ hardware }: ControlParts) {
  if (hardware.simulated !== null) return hardware.simulated;
  throw new ControlError('CONTROL_NOT_SIMULATED', 'inputs of a real board cannot be driven');
}
