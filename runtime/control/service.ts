import type { LogLevel } from '../ports/log.ts';
import type {
  InstalledReport,
  InstallStep,
  LineChange,
  LinesReport,
  ListReport,
  LogLine,
  SlotsReport,
  StatusReport,
  TrustUpdatedReport,
  WhyReport,
} from './reports.ts';

/** Which log lines are wanted. */
export interface LogQuery {
  readonly controller?: string;
  readonly levelMin?: LogLevel;
  readonly sinceWallMs?: number;
}

/** What stops a flow. Stopping twice does nothing. */
export interface Flow {
  stop(): void;
}

/**
 * What the daemon does for whoever may connect to its control socket. Arguments are validated;
 * an error that is thrown goes to the client with its code and message.
 */
export interface ControlService {
  status(): Promise<StatusReport>;
  list(): Promise<ListReport>;
  slots(): Promise<SlotsReport>;
  /** Returns the newest `countMax` lines that pass, oldest first. */
  logs(query: LogQuery, countMax: number): readonly LogLine[];
  followLogs(query: LogQuery, onLine: (line: LogLine) => void): Flow;
  /** About a controller or a release; about everything when null. */
  why(name: string | null): Promise<WhyReport>;
  /**
   * Verifies, stores, tries and commits a release. Goes on when the client leaves. Resolves when
   * the release is committed; rejects when it was refused or taken back. With a recovery token it
   * may be older than what was committed.
   */
  install(
    envelope: Uint8Array,
    onStep: (step: InstallStep) => void,
    token: Uint8Array | null,
  ): Promise<InstalledReport>;
  rollback(reason: string): Promise<InstalledReport>;
  /** Adopts the next root or a newer list of revocations; rejects what does not follow. */
  updateTrust(document: Uint8Array): Promise<TrustUpdatedReport>;
  /** Lets a quarantined controller start. @throws ControlError `CONTROL_NOT_FOUND` */
  releaseQuarantine(controller: string): Promise<'released' | 'not-quarantined'>;
  lines(): Promise<LinesReport>;
  /** Tells changes of the named lines; of all when none is named. @throws ControlError */
  watchLines(labels: readonly string[], onChange: (change: LineChange) => void): Flow;
  /** Drives an input of the simulated board. @throws ControlError `CONTROL_NOT_SIMULATED` */
  driveLine(label: string, state: 'active' | 'inactive'): Promise<void>;
  /** Prometheus text. */
  metrics(): Promise<string>;
  /** Ends the daemon in good order, after the answer is on its way. */
  shutdown(): Promise<void>;
}
