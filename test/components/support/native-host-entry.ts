import { Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { CONTROL_FD } from '../../../runtime/components/host/descriptors.ts';
import { SYSCALL_TABLE } from '../../../runtime/components/seccomp-numbers.ts';
import {
  CONTROL_DOWN_TYPES,
  CONTROL_MESSAGES,
  CONTROL_SLOT,
  FRAME_TYPE,
  FrameReader,
} from '../../../runtime/transport/index.ts';
import { testContract } from './test-contract.ts';

// A host process in which somebody got around WebAssembly and Node: it makes system calls. What
// they were answered is printed: `survey` makes every one that is refused, another name that one.

/** Without the filter these would do something to the machine that the test runs on. */
const NOT_SURVEYED = new Set(['fork', 'vfork', 'vhangup']);

const CODE = `
const { writeSync } = require('node:fs');
const { workerData } = require('node:worker_threads');
const ffi = require('node:ffi');
const { functions } = ffi.dlopen(null, {
  syscall: { arguments: Array(7).fill('int64'), return: 'int64' },
  __errno_location: { arguments: [], return: 'pointer' },
});
const errno = functions.__errno_location();
const results = workerData.map(([name, number]) => {
  const answer = functions.syscall(BigInt(number), -1n, -1n, -1n, -1n, -1n, -1n);
  return [name, answer === -1n ? ffi.getInt32(errno) : 0];
});
writeSync(1, 'answers ' + JSON.stringify(results) + '\\n');
`;

const control = new Socket({ fd: CONTROL_FD, readable: true, writable: true });
const reader = new FrameReader({ slot: CONTROL_SLOT, types: CONTROL_DOWN_TYPES });
const hello = { contractDigest: testContract.digest, walls: [] };
control.write(CONTROL_MESSAGES.hello.encode(0, hello));
control.on('data', (chunk: Buffer) => {
  for (const message of reader.push(chunk)) {
    if (message.type === FRAME_TYPE.prepare) {
      control.write(CONTROL_MESSAGES.compiled.encode(message.id, {}));
    } else if (message.type === FRAME_TYPE.activate) {
      call(CONTROL_MESSAGES.activate.decode(message).identity.name);
    }
  }
});

function call(which: string): void {
  const column = process.arch === 'arm64' ? 3 : 2;
  const calls = SYSCALL_TABLE.flatMap(row => {
    const [name, verdict] = row;
    const number = row[column];
    const isMeant =
      which === 'survey' ? verdict !== 'kill' && !NOT_SURVEYED.has(name) : name === which;
    return number !== null && isMeant ? [[name, number]] : [];
  });
  for (let at = 0; at < calls.length; at += 50) {
    const workerData = calls.slice(at, at + 50);
    new Worker(CODE, { eval: true, execArgv: [], env: {}, workerData });
  }
}
