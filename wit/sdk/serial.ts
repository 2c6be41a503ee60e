import * as port from 'airssys:serial/port@0.1.0';
import { hostCall } from './errors.ts';
import { encodeText } from './text.ts';

/** Serial ports by label. Throws HostError. */
export const serial = {
  /** Queues bytes, or a text in UTF-8; all or none. Returns before they are on the wire. */
  write(label: string, data: Uint8Array | string): void {
    const bytes = typeof data === 'string' ? encodeText(data) : data;
    hostCall(`serial.write("${label}")`, () => port.write(label, bytes));
  },
} as const;
