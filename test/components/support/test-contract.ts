import type { ValueType } from '../../../runtime/base/value-type.ts';
import type { Contract } from '../../../runtime/transport/index.ts';

const U32: ValueType = { kind: 'u32' };
const BYTES: ValueType = { kind: 'list', element: { kind: 'u8' } };
const STRING: ValueType = { kind: 'string' };
const LEVEL: ValueType = {
  kind: 'enum',
  names: ['trace', 'debug', 'info', 'warn', 'error', 'critical'],
};

/** What the guest of guest.ts exports, by name; the index is the id. */
export const EXPORT = {
  echo: 0,
  spin: 1,
  ask: 2,
  askForever: 3,
  trap: 4,
  growTable: 5,
  logAndAsk: 6,
  logMany: 7,
} as const;

/** A small contract: one interface each way, and logging. */
export const testContract: Contract = {
  digest: 'the contract of the tests',
  imports: [
    {
      interface: 'test:host/calls@0.1.0',
      function: { name: 'ping', params: [{ name: 'value', type: U32 }], result: U32 },
    },
    {
      interface: 'wasi:logging/logging@0.1.0-draft',
      function: {
        name: 'log',
        params: [
          { name: 'level', type: LEVEL },
          { name: 'context', type: STRING },
          { name: 'message', type: STRING },
        ],
        result: null,
      },
    },
  ],
  exports: [
    handler('echo', [{ name: 'bytes', type: BYTES }], BYTES),
    handler('spin', [], null),
    handler('ask', [{ name: 'value', type: U32 }], U32),
    handler('ask-forever', [], null),
    handler('trap', [], null),
    handler('grow-table', [], U32),
    handler('log-and-ask', [], U32),
    handler('log-many', [{ name: 'count', type: U32 }], null),
  ],
};

function handler(
  name: string,
  params: readonly { name: string; type: ValueType }[],
  result: ValueType | null,
) {
  return { interface: 'test:guest/handlers@0.1.0', function: { name, params, result } };
}
