import type { Link } from '../../base/link.ts';
import { ASSEMBLY_BYTES_MAX } from '../../ports/component-host.ts';
import type { Prepare, PreparedPieces } from '../../transport/index.ts';

/** An assembly whose modules are compiled. */
export interface CompiledAssembly {
  readonly own: CompiledComponent;
  /** In the order of activation. */
  readonly parts: readonly CompiledComponent[];
  readonly links: readonly Link[];
}

/** One component of it. */
export interface CompiledComponent {
  readonly name: string;
  readonly plan: Uint8Array;
  readonly modules: readonly WebAssembly.Module[];
}

/** Collects an assembly's pieces as its chunks arrive. */
export class PieceCollector {
  private readonly whole: Uint8Array;
  private readonly announced: Prepare;
  private at = 0;

  /** Throws when more is announced than an assembly may hold. */
  constructor(announced: Prepare) {
    const { own, parts } = announced;
    const pieces = [own, ...parts].flatMap(({ pieceBytes }) => pieceBytes);
    const total = pieces.reduce((sum, bytes) => sum + bytes, 0);
    if (total > ASSEMBLY_BYTES_MAX) throw new Error(`${total} bytes, over ${ASSEMBLY_BYTES_MAX}`);
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
    const compiled = async ({ name, pieceBytes }: PreparedPieces): Promise<CompiledComponent> => {
      const [plan = new Uint8Array(0), ...modules] = pieceBytes.map(take);
      return { name, plan, modules: await Promise.all(modules.map(compileModule)) };
    };
    const { own, parts, links } = this.announced;
    // Each takes its pieces before it first waits, so they are taken in order.
    const [first, ...others] = await Promise.all([compiled(own), ...parts.map(compiled)]);
    return { own: first, parts: others, links };
  }
}

function compileModule(bytes: Uint8Array<ArrayBuffer>): Promise<WebAssembly.Module> {
  return WebAssembly.compile(bytes);
}
