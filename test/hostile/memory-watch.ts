import { readFileSync } from 'node:fs';
import { processTree } from '../bench/process-facts.ts';
import type { GatewayUnderTest } from '../gateway/gateway-under-test.ts';

/** Processes of a gateway, and what each may have in memory, shared pages included. */
export const BYTES_MAX = {
  gatewayd: 256 * 1024 * 1024,
  'component-host': 512 * 1024 * 1024,
  stage: 768 * 1024 * 1024,
} as const;

/** A process of a gateway. */
export type Role = keyof typeof BYTES_MAX;

const EVERY_MS = 250;
const ROLES: readonly Role[] = ['component-host', 'stage', 'gatewayd'];

/** Looks at the memory of a gateway's processes again and again. */
export class MemoryWatch {
  readonly #gateway: GatewayUnderTest;
  readonly #timer: NodeJS.Timeout;
  #peak = new Map<Role, number>();

  constructor(gateway: GatewayUnderTest) {
    this.#gateway = gateway;
    this.#timer = setInterval(() => this.#look(), EVERY_MS);
  }

  /** Returns the largest sizes in bytes since the last time, and forgets them. */
  takePeak(): ReadonlyMap<Role, number> {
    this.#look();
    const peak = this.#peak;
    this.#peak = new Map();
    return peak;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    // Walls may put component-host into a session of its own.
    const pids = new Set(this.#gateway.processes().flatMap(({ pid }) => processTree(pid)));
    for (const pid of pids) {
      const command = read(`/proc/${pid}/cmdline`);
      const role = ROLES.find(name => command.includes(`${name}.js`));
      if (role === undefined) continue;
      this.#peak.set(role, Math.max(this.#peak.get(role) ?? 0, residentBytes(pid)));
    }
  }
}

function residentBytes(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`));
  return Number(line?.[1] ?? 0) * 1024;
}

/** A process may end while it is looked at. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
