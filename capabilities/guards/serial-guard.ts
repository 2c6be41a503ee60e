import type { SerialPort } from '../../runtime/ports/serial.ts';
import { SerialError } from '../../runtime/ports/serial.ts';
import type { Grant } from '../grammar/index.ts';
import { isLabel } from '../grammar/index.ts';
import type { GuardContext } from './guard-context.ts';
import type { GuardedAction, Refusal } from './pipeline.ts';
import { guarded } from './pipeline.ts';

/** What one write may carry. */
const SERIAL_WRITE_BYTES_MAX = 4_096;

/** Returns the driver behind the guard of one instance. */
export function guardSerial(driver: SerialPort, context: GuardContext): SerialPort {
  return {
    write: (label, bytes) =>
      guarded(context, serialWrite(context, label, bytes.length), () => driver.write(label, bytes)),
    listen: (label, onFrame) =>
      guarded(context, serialListen(context, label), () => {
        const inner = driver.listen(label, frame => {
          if (!context.closed) onFrame(frame);
        });
        const open = context.open.add(() => inner.stop());
        if (open !== null) return open;
        throw new SerialError('SERIAL_QUOTA', 'too many subscriptions are open');
      }),
  };
}

/** Returns the grant that lets a controller use a port, or null when there can be none. */
export function wantedSerial(label: string, mode: 'r' | 'w'): Grant | null {
  return isLabel(label) ? { class: 'serial', label, mode, framing: 'line', maxBytes: null } : null;
}

function serialWrite(context: GuardContext, label: string, byteCount: number): GuardedAction {
  return {
    ...serialAction(context, 'serial.write', label),
    covers: grant => grant.class === 'serial' && grant.label === label && grant.mode !== 'r',
    wanted: () => wantedSerial(label, 'w'),
    isUnsafe: () => true,
    terms: ({ grant, quotaKey }) => {
      if (grant.class !== 'serial') return [];
      if (byteCount > SERIAL_WRITE_BYTES_MAX) {
        const message = `one write carries at most ${SERIAL_WRITE_BYTES_MAX} bytes`;
        return { kind: 'quota', message };
      }
      const { quotas } = context.gateway;
      const costs = quotas.ceilingCosts('serial.bytes', context.controller.name, byteCount);
      if (grant.maxBytes === null) return costs;
      return [...costs, { key: quotaKey, rate: grant.maxBytes, amount: byteCount }];
    },
  };
}

function serialListen(context: GuardContext, label: string): GuardedAction {
  return {
    ...serialAction(context, 'serial.listen', label),
    covers: grant => grant.class === 'serial' && grant.label === label && grant.mode !== 'w',
    wanted: () => wantedSerial(label, 'r'),
    terms: () => [],
  };
}

function serialAction(
  context: GuardContext,
  action: string,
  label: string,
): Pick<GuardedAction, 'action' | 'resource' | 'variant' | 'forbidden' | 'refuse'> {
  return {
    action,
    resource: label,
    variant: '',
    forbidden: () =>
      context.gateway.reservedPorts.includes(label) ? 'the port is the gateway console' : null,
    refuse: toSerialError,
  };
}

function toSerialError(refusal: Refusal): SerialError {
  switch (refusal.kind) {
    case 'denied':
      return new SerialError('SERIAL_DENIED', refusal.message);
    case 'quota':
      return new SerialError('SERIAL_QUOTA', refusal.message);
    case 'unrecorded':
      return new SerialError('SERIAL_NOT_READY', refusal.message);
    case 'rate':
      return new SerialError('SERIAL_RATE', refusal.message, { retryMs: refusal.retryMs });
  }
}
