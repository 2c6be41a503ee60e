import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import {
  activateComponent,
  DEFAULT_ACTIVATION_LIMITS,
  DEFAULT_LINK_LIMITS,
  type Handle,
  type HostFunction,
  type HostImports,
  stageComponent,
  wasiImports,
} from '../../../runtime/linker/index.ts';
import { contractImports } from '../../../wit/generated/contract.ts';
import { CONFIG_OUTCOMES, OUTCOMES } from './outcomes.ts';

/** Longer texts and bytes stand in a transcript by length and digest. */
const SHOWN_MAX = 64;

/** A host that answers by the list and writes down what it is asked. */
export class RecordingHost {
  readonly lines: string[] = [];
  /** Resources that the guest gave back, by name; when is the guest's business. */
  readonly dropped: string[] = [];
  readonly standardLines: string[] = [];
  /** What `start` is told when it asks whether to refuse. */
  refusal: string | undefined;
  /** What `get-random-u64` returns in turn. */
  words: readonly bigint[] = [2n ** 53n - 1n];
  readonly #calls = new Map<string, number>();

  imports(): HostImports {
    const wasi = wasiImports({
      onLine: (stream, line) => this.standardLines.push(`${stream}: ${line}`),
      monotonicNs: () => 0n,
      wallMs: () => 0,
      random: count => new Uint8Array(count).fill(1),
    });
    const ours = contractImports.map(({ name, functions }) => {
      const entries = functions
        .filter(each => !each.name.startsWith('[resource-drop]'))
        .map((each): [string, HostFunction] => [each.name, this.#recorded(name, each.name)]);
      const dropResource = (resource: string, representation: number): void => {
        this.dropped.push(`${resource} ${representation}`);
      };
      // A C library asks these interfaces too, for more than our contract has.
      const functionsOfWasi = wasi.get(name)?.functions ?? [];
      return [
        name,
        { functions: new Map([...functionsOfWasi, ...entries]), dropResource },
      ] as const;
    });
    return new Map([...wasi, ...ours]);
  }

  #recorded(owner: string, name: string): HostFunction {
    const key = `${owner.replace(/@.*$/, '')}#${name}`;
    return (...args) => {
      const answer = this.#answer(key, args);
      this.lines.push(`  ${key}(${args.map(shown).join(', ')}) -> ${shown(answer)}`);
      return answer;
    };
  }

  #answer(key: string, args: readonly unknown[]): unknown {
    if (key === 'wasi:random/random#get-random-bytes') {
      return Uint8Array.from({ length: Number(args[0]) }, (_, index) => (index * 7) & 0xff);
    }
    if (key === 'wasi:random/random#get-random-u64') return this.#next(key, this.words);
    if (key === 'airssys:mqtt/publisher#publish' && args[0] === 'record') {
      return { tag: 'ok', val: 0n };
    }
    if (key === 'wasi:config/store#get') {
      if (args[0] === 'refuse') return { tag: 'ok', val: this.refusal };
      return this.#next(key, CONFIG_OUTCOMES);
    }
    return this.#next(key, OUTCOMES.get(key) ?? []);
  }

  #next(key: string, outcomes: readonly unknown[]): unknown {
    const calls = this.#calls.get(key) ?? 0;
    this.#calls.set(key, calls + 1);
    return outcomes[calls % outcomes.length];
  }
}

/** A running guest that writes down what it is told and answers. */
export class RecordedGuest {
  readonly host: RecordingHost;
  readonly handle: Handle;

  constructor(host: RecordingHost, handle: Handle) {
    this.host = host;
    this.handle = handle;
  }

  tell(name: string, args: readonly unknown[]): void {
    this.host.lines.push(`${name}(${args.map(shown).join(', ')})`);
    const index = this.handle.exports.findIndex(each => each.function.name === name);
    const answer = this.handle.call(index, args);
    if (answer !== undefined) this.host.lines.push(`  = ${shown(answer)}`);
  }
}

/** Activates a built component behind the linker. */
export async function recordedGuest(path: string): Promise<RecordedGuest> {
  const staged = stageComponent(new Uint8Array(await readFile(path)), DEFAULT_LINK_LIMITS);
  const modules = staged.modules.map(module => new WebAssembly.Module(module));
  const host = new RecordingHost();
  const limits = DEFAULT_ACTIVATION_LIMITS;
  const handle = activateComponent(staged.plan, modules, host.imports(), limits);
  return new RecordedGuest(host, handle);
}

/** Returns a value as text of printable ASCII. */
export function shown(value: unknown): string {
  if (value instanceof Uint8Array) {
    if (value.length <= SHOWN_MAX) return `x${Buffer.from(value).toString('hex')}`;
    return `${value.length} bytes ${digest(value)}`;
  }
  if (typeof value === 'string') {
    if (value.length > SHOWN_MAX) return `${value.length} units ${digest(Buffer.from(value))}`;
    return JSON.stringify(value).replace(/[^ -~]/g, unit => {
      return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
    });
  }
  if (typeof value === 'bigint') return `${value}n`;
  if (Array.isArray(value)) {
    if (value.length <= SHOWN_MAX) return `[${value.map(shown).join(', ')}]`;
    return `${value.length} items ${digest(Buffer.from(value.map(shown).join()))}`;
  }
  if (typeof value !== 'object' || value === null) return String(value ?? 'none');
  // A field without a value and no field are the same option.
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .map(([name, field]) => `${name}: ${shown(field)}`);
  return `{${fields.join(', ')}}`;
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16);
}
