import type { Prepare } from '../../transport/index.ts';

/** A component whose modules are compiled. */
export interface CompiledComponent {
  readonly plan: Uint8Array;
  readonly modules: readonly WebAssembly.Module[];
}

/** Bytes of one component's plan and modules. */
const COMPONENT_BYTES_MAX = 64 * 1024 * 1024;

/** Collects a component's parts as its chunks arrive. */
export class PartCollector {
  private readonly whole: Uint8Array;
  private readonly partBytes: readonly number[];
  private at = 0;

  constructor({ partBytes }: Prepare) {
    const total = partBytes.reduce((sum, bytes) => sum + bytes, 0);
    if (total > COMPONENT_BYTES_MAX) throw new Error(`a component of ${total} bytes`);
    this.whole = new Uint8Array(total);
    this.partBytes = partBytes;
  }

  /** Takes the next bytes. */
  push(chunk: Uint8Array): void {
    this.whole.set(chunk, this.at);
    this.at += chunk.length;
  }

  /** Whether every byte has come. */
  get isComplete(): boolean {
    return this.at === this.whole.length;
  }

  /** Returns the parts: the plan, then the core modules. */
  parts(): readonly Uint8Array<ArrayBuffer>[] {
    let start = 0;
    return this.partBytes.map(bytes => {
      start += bytes;
      return this.whole.slice(start - bytes, start);
    });
  }
}
