import { randomUUID } from 'node:crypto';
import { aggregateAudit } from '../../capabilities/guards/index.ts';
import { createSystemClock } from '../../drivers/clock/system-clock.ts';
import { nodeFiles } from '../../drivers/files/node-files.ts';
import { createSystemRandom } from '../../drivers/random/system-random.ts';
import { errorCode, errorMessage } from '../base/errors.ts';
import { AuditFile, type AuditFileOptions } from '../monitoring/audit-file-io.ts';
import { Causes } from '../monitoring/causes.ts';
import { createLog, type LogSink } from '../monitoring/log.ts';
import { LogRing } from '../monitoring/log-ring.ts';
import type { Clock } from '../ports/clock.ts';
import type { Files } from '../ports/files.ts';
import type { Random } from '../ports/random.ts';
import type { Closing } from './closing.ts';
import { type EventSinks, tellDecision } from './events.ts';
import { openStateFolder, type StateFolder } from './state-folder.ts';

/** What everything else stands on: time, chance, files, and the places where events are told. */
export interface Foundation extends EventSinks {
  readonly random: Random;
  readonly files: Files;
  readonly state: StateFolder;
  readonly ring: LogRing;
  /** Why the audit cannot be written, in words; null while it can. */
  readonly auditTrouble: () => string | null;
}

const LOG_RECORDS_MAX = 4_000;
const LOG_BYTES_MAX = 2 * 1_024 * 1_024;
const CAUSES = { subjectsMax: 64, perSubjectMax: 16 };
const AUDIT = { segmentBytesMax: 1_024 * 1_024, segmentsMax: 16, waitingMax: 4_096 };

/** Lays the foundation over `stateDirectory`. Rejects with GatewayStartError. */
export async function layFoundation(
  stateDirectory: string,
  sinks: readonly LogSink[],
  closing: Closing,
): Promise<Foundation> {
  const clock = createSystemClock();
  const files = nodeFiles();
  const state = await openStateFolder(files, stateDirectory, clock);
  const ring = new LogRing({ recordsMax: LOG_RECORDS_MAX, bytesMax: LOG_BYTES_MAX });
  const log = createLog(clock, [record => void ring.append(record), ...sinks]);
  const causes = new Causes(CAUSES);
  const { audit, auditTrouble } = openAudit(state.audit, { clock, log, causes }, closing);
  const random = createSystemRandom();
  return { clock, random, files, state, ring, log, causes, audit, auditTrouble };
}

function openAudit(
  folder: string,
  sinks: { readonly clock: Clock } & Pick<EventSinks, 'log' | 'causes'>,
  closing: Closing,
): Pick<Foundation, 'audit' | 'auditTrouble'> {
  let trouble: string | null = null;
  const onTrouble = (message: string | null) => {
    trouble = message;
    if (message === null) sinks.log.write('info', 'gateway', 'the audit log is written again');
    else sinks.log.write('critical', 'gateway', `the audit log cannot be written: ${message}`);
  };
  const options = { ...AUDIT, folder, bootId: randomUUID(), clock: sinks.clock, onTrouble };
  const file = openAuditFile(options);
  closing.add(() => file?.close());
  const aggregate = aggregateAudit({
    clock: sinks.clock,
    sink: entry => {
      file?.record(entry);
      tellDecision(sinks, entry);
    },
  });
  closing.add(() => aggregate.close());
  return { audit: aggregate, auditTrouble: () => trouble };
}

/** Null where the disk is mounted read-only, which keeps no committed release from running. */
function openAuditFile(options: AuditFileOptions): AuditFile | null {
  try {
    return new AuditFile(options);
  } catch (error) {
    if (errorCode(error) !== 'EROFS') throw error;
    options.onTrouble(errorMessage(error));
    return null;
  }
}
