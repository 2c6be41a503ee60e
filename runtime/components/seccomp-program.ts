import {
  JUDGED_BY_ARGUMENT,
  NEWEST_JUDGED_NUMBER,
  SYSCALL_TABLE,
  type SyscallArchitecture,
  type SyscallVerdict,
} from './seccomp-numbers.ts';

/**
 * Programs for the kernel's seccomp filter: classic BPF over `struct seccomp_data`
 * (`linux/seccomp.h`, `linux/filter.h`), assembled here. The list is one of refusals: what is not
 * named is allowed, but for numbers that are newer than the list.
 */

/** Offsets in `struct seccomp_data`; of an argument's 64 bits the lower half comes first. */
const OFFSET = { number: 0, architecture: 4, argument0: 16, argument1: 24 } as const;

/** Class, size, mode and source of the instructions that are used (`linux/bpf_common.h`). */
const OP = { loadWord: 0x20, jumpEqual: 0x15, jumpAtLeast: 0x35, jumpSet: 0x45, answer: 0x06 };

const ERRNO = 0x0005_0000;
const EPERM = 1;
const ENOSYS = 38;

/** The values that a program answers with (`SECCOMP_RET_*`). */
export const SECCOMP_ANSWER = {
  allow: 0x7fff_0000,
  kill: 0x8000_0000,
  deny: ERRNO | EPERM,
  'no-entry': ERRNO | ENOSYS,
} as const;

/** `AUDIT_ARCH_*` (`linux/audit.h`). */
const AUDIT_ARCHITECTURE = { x64: 0xc000_003e, arm64: 0xc000_00b7 } as const;

/** On x86-64, numbers from here on are calls of the x32 interface: a second list of everything. */
const X32_NUMBERS_FROM = 0x4000_0000;

const CLONE_THREAD = 0x0001_0000;
/** Requests that type into, or paste from, the terminal (`TIOCSTI`, `TIOCLINUX`). */
const TERMINAL_REQUESTS = [0x5412, 0x541c] as const;

const INSTRUCTION_BYTES = 8;

interface Instruction {
  readonly op: number;
  /** Instructions to skip when the comparison holds, and when it does not. */
  readonly ifTrue: number;
  readonly ifFalse: number;
  readonly operand: number;
}

/** Returns the program for an architecture, or null where there are no numbers for it. */
export function seccompProgram(architecture: string): Buffer | null {
  if (architecture !== 'x64' && architecture !== 'arm64') return null;
  return assemble([
    ...requireArchitecture(architecture),
    load(OFFSET.number),
    ...(architecture === 'x64' ? answerIf(OP.jumpAtLeast, X32_NUMBERS_FROM, 'kill') : []),
    ...answerIf(OP.jumpAtLeast, NEWEST_JUDGED_NUMBER + 1, 'no-entry'),
    ...refusals(architecture),
    ...judgedByArgument(architecture),
    answer('allow'),
  ]);
}

/** A call by another architecture's numbers would pass a list of this one's. */
function requireArchitecture(architecture: SyscallArchitecture): readonly Instruction[] {
  return [
    load(OFFSET.architecture),
    { op: OP.jumpEqual, ifTrue: 1, ifFalse: 0, operand: AUDIT_ARCHITECTURE[architecture] },
    answer('kill'),
  ];
}

function refusals(architecture: SyscallArchitecture): readonly Instruction[] {
  return SYSCALL_TABLE.flatMap(([, verdict, x64, arm64]) => {
    const number = architecture === 'x64' ? x64 : arm64;
    return number === null ? [] : answerIf(OP.jumpEqual, number, verdict);
  });
}

/** Threads may be made and processes not; the terminal may be asked and not typed into. */
function judgedByArgument(architecture: SyscallArchitecture): readonly Instruction[] {
  const { clone, ioctl } = JUDGED_BY_ARGUMENT[architecture];
  const threadsOnly = [
    load(OFFSET.argument0),
    { op: OP.jumpSet, ifTrue: 1, ifFalse: 0, operand: CLONE_THREAD },
    answer('deny'),
    answer('allow'),
  ];
  const terminal = [
    load(OFFSET.argument1),
    ...TERMINAL_REQUESTS.flatMap(request => answerIf(OP.jumpEqual, request, 'deny')),
    answer('allow'),
  ];
  return [...onlyFor(clone, threadsOnly), ...onlyFor(ioctl, terminal)];
}

function onlyFor(number: number, body: readonly Instruction[]): readonly Instruction[] {
  return [{ op: OP.jumpEqual, ifTrue: 0, ifFalse: body.length, operand: number }, ...body];
}

function answerIf(op: number, operand: number, verdict: SyscallVerdict): readonly Instruction[] {
  return [{ op, ifTrue: 0, ifFalse: 1, operand }, answer(verdict)];
}

function load(offset: number): Instruction {
  return { op: OP.loadWord, ifTrue: 0, ifFalse: 0, operand: offset };
}

function answer(verdict: keyof typeof SECCOMP_ANSWER): Instruction {
  return { op: OP.answer, ifTrue: 0, ifFalse: 0, operand: SECCOMP_ANSWER[verdict] };
}

/** Returns one `struct sock_filter` after the other; both architectures are little-endian. */
function assemble(program: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(program.length * INSTRUCTION_BYTES);
  for (const [index, { op, ifTrue, ifFalse, operand }] of program.entries()) {
    const at = index * INSTRUCTION_BYTES;
    bytes.writeUInt16LE(op, at);
    bytes.writeUInt8(ifTrue, at + 2);
    bytes.writeUInt8(ifFalse, at + 3);
    bytes.writeUInt32LE(operand, at + 4);
  }
  return bytes;
}
