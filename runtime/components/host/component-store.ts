import type { Link } from '../../base/link.ts';
import type { Prepare } from '../../transport/index.ts';

/** An assembly whose modules are compiled. The last component is the controller's own. */
export interface CompiledAssembly {
  readonly components: readonly CompiledComponent[];
  readonly links: readonly Link[];
}

/** One component of it. */
export interface CompiledComponent {
  readonly name: string;
  readonly plan: Uint8Array;
  readonly modules: readonly WebAssembly.Module[];
}

/** Bytes of all plans and modules of an assembly. */
const ASSEMBLY_BYTES_MAX = 64 * 1024 * 1024;

/** Collects an assembly's pieces as its chunks arrive. */
export class PieceCollector {
  private readonly whole: Uint8Array;
  private readonly announced: Prepare;
  private at = 0;

  constructor(announced: Prepare) {
    const pieces = announced.components.flatMap(({ pieceBytes }) => pieceBytes);
    const total = pieces.reduce((sum, bytes) => sum + bytes, 0);
    if (total > ASSEMBLY_BYTES_MAX) throw new Error(`components of ${total} bytes`);
    this.whole = new Uint8Array(total);
    this.announced = announced;
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

  /** Compiles all modules. Rejects with what the engine says of the first that it refuses. */
  async compile(): Promise<CompiledAssembly> {
    let start = 0;
    const take = (bytes: number) => {
      start += bytes;
      return this.whole.slice(start - bytes, start);
    };
    const { components, links } = this.announced;
    const pieces = components.map(({ name, pieceBytes }) => {
      const [plan = new Uint8Array(0), ...modules] = pieceBytes.map(take);
      return { name, plan, modules };
    });
    const compiled = pieces.map(async ({ modules, ...one }) => ({
      ...one,
      modules: await Promise.all(modules.map(bytes => WebAssembly.compile(bytes))),
    }));
    return { components: await Promise.all(compiled), links };
  }
}
