import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  JUDGED_BY_ARGUMENT,
  NEWEST_JUDGED_NUMBER,
  SYSCALL_TABLE,
  type SyscallArchitecture,
} from '../../runtime/components/seccomp-numbers.ts';
import { SECCOMP_ANSWER, seccompProgram } from '../../runtime/components/seccomp-program.ts';

const test = suite('components/seccomp-program');

const ARCHITECTURES: readonly SyscallArchitecture[] = ['x64', 'arm64'];
const AUDIT = { x64: 0xc000_003e, arm64: 0xc000_00b7 } as const;
const I386 = 0x4000_0003;
const THREAD = 0x0001_0000;
/** Instructions that the kernel takes at most (BPF_MAXINSNS). */
const INSTRUCTIONS_MAX = 4_096;

/** A machine for the program as the kernel has one: `linux/filter.h`, the instructions used. */
function answerOf(program: Buffer, architecture: number, number: number, args: number[] = []) {
  const input = Buffer.alloc(64);
  input.writeUInt32LE(number, 0);
  input.writeUInt32LE(architecture, 4);
  for (const [index, arg] of args.entries()) {
    input.writeBigUInt64LE(BigInt(arg), 16 + 8 * index);
  }
  let accumulator = 0;
  for (let at = 0; ; at += 8) {
    assert.ok(at + 8 <= program.length, 'the program runs past its end');
    const operand = program.readUInt32LE(at + 4);
    const jump = (holds: boolean) => {
      at += 8 * program.readUInt8(at + (holds ? 2 : 3));
    };
    switch (program.readUInt16LE(at)) {
      case 0x20:
        accumulator = input.readUInt32LE(operand);
        break;
      case 0x15:
        jump(accumulator === operand);
        break;
      case 0x35:
        jump(accumulator >= operand);
        break;
      case 0x45:
        jump((accumulator & operand) !== 0);
        break;
      case 0x06:
        return operand;
      default:
        throw new Error(`no instruction 0x${program.readUInt16LE(at).toString(16)}`);
    }
  }
}

function programOf(architecture: string): Buffer {
  const program = seccompProgram(architecture);
  if (program === null) throw new Error(`no program for ${architecture}`);
  return program;
}

function numbersOf(architecture: SyscallArchitecture) {
  const column = architecture === 'x64' ? 2 : 3;
  return new Map(
    SYSCALL_TABLE.flatMap(row => {
      const number = row[column];
      return number === null ? [] : [[number, row[1]] as const];
    }),
  );
}

for (const architecture of ARCHITECTURES) {
  test(`${architecture}: every number is answered as the table says, and no other refused`, () => {
    const program = programOf(architecture);
    const verdicts = numbersOf(architecture);
    const { clone, ioctl } = JUDGED_BY_ARGUMENT[architecture];
    for (let number = 0; number <= NEWEST_JUDGED_NUMBER; number++) {
      if (number === clone || number === ioctl) continue;
      const expected = SECCOMP_ANSWER[verdicts.get(number) ?? 'allow'];
      assert.is(answerOf(program, AUDIT[architecture], number), expected, `number ${number}`);
    }
  });

  test(`${architecture}: what is newer than the table does not exist`, () => {
    const program = programOf(architecture);
    for (const number of [NEWEST_JUDGED_NUMBER + 1, 462, 1_000, 0x3fff_ffff]) {
      assert.is(answerOf(program, AUDIT[architecture], number), SECCOMP_ANSWER['no-entry']);
    }
  });

  test(`${architecture}: clone makes threads and no processes`, () => {
    const program = programOf(architecture);
    const { clone } = JUDGED_BY_ARGUMENT[architecture];
    const by = (flags: number) => answerOf(program, AUDIT[architecture], clone, [flags]);
    assert.is(by(THREAD | 0x700), SECCOMP_ANSWER.allow);
    assert.is(by(17), SECCOMP_ANSWER.deny);
    assert.is(by(0x1000_0000), SECCOMP_ANSWER.deny);
    assert.is(by(0), SECCOMP_ANSWER.deny);
  });

  test(`${architecture}: a terminal may be asked and not typed into`, () => {
    const program = programOf(architecture);
    const { ioctl } = JUDGED_BY_ARGUMENT[architecture];
    const by = (request: number) => answerOf(program, AUDIT[architecture], ioctl, [0, request]);
    assert.is(by(0x5401), SECCOMP_ANSWER.allow);
    assert.is(by(0x5412), SECCOMP_ANSWER.deny);
    assert.is(by(0x541c), SECCOMP_ANSWER.deny);
    // Only the lower half of a request counts for the kernel, so only that may count here.
    assert.is(by(0x1_0000_5412), SECCOMP_ANSWER.deny);
  });

  test(`${architecture}: calls by the numbers of another architecture end the process`, () => {
    const program = programOf(architecture);
    const others = [...Object.values(AUDIT), I386, 0].filter(arch => arch !== AUDIT[architecture]);
    for (const other of others) {
      for (const number of [0, 1, 60]) {
        assert.is(answerOf(program, other, number), SECCOMP_ANSWER.kill);
      }
    }
  });

  test(`${architecture}: the program is short enough, and no number is judged twice`, () => {
    assert.ok(programOf(architecture).length / 8 <= INSTRUCTIONS_MAX);
    const column = architecture === 'x64' ? 2 : 3;
    const numbers = SYSCALL_TABLE.map(row => row[column]).filter(number => number !== null);
    assert.is(new Set(numbers).size, numbers.length);
    const { clone, ioctl } = JUDGED_BY_ARGUMENT[architecture];
    assert.not(numbers.includes(clone) || numbers.includes(ioctl));
  });
}

test('x64: the x32 interface ends the process', () => {
  const program = programOf('x64');
  for (const number of [0x4000_0000, 0x4000_0000 + 101, 0xffff_ffff]) {
    assert.is(answerOf(program, AUDIT.x64, number), SECCOMP_ANSWER.kill);
  }
});

test('the network, processes, tracing and the kernel itself are refused by name', () => {
  const verdicts = new Map(SYSCALL_TABLE.map(([name, verdict]) => [name, verdict]));
  for (const name of ['ptrace', 'process_vm_writev', 'bpf', 'kexec_load', 'mount', 'keyctl']) {
    assert.is(verdicts.get(name), 'kill', name);
  }
  for (const name of ['userfaultfd', 'perf_event_open', 'setns', 'unshare', 'init_module']) {
    assert.is(verdicts.get(name), 'kill', name);
  }
  for (const name of ['socket', 'connect', 'bind', 'fork', 'vfork', 'execveat', 'setuid']) {
    assert.is(verdicts.get(name), 'deny', name);
  }
  for (const name of ['clone3', 'io_uring_setup', 'io_uring_enter', 'io_uring_register']) {
    assert.is(verdicts.get(name), 'no-entry', name);
  }
});

test('an architecture without numbers has no program', () => {
  for (const name of ['riscv64', 'arm', 'ia32', '']) assert.is(seccompProgram(name), null);
});

test.run();
