import {
  ComponentError,
  type ComponentHostPort,
  type ComponentHosts,
  type VendorHostStatus,
} from '../ports/component-host.ts';
import type { WalledHost } from './component-host-io.ts';

/** Host processes at a time: each holds two sockets a slot, and memory of its own. */
const HOSTS_MAX = 8;

/** How hosts are shared. */
export interface HostPoolOptions {
  /** Whether each vendor's controllers get a process of their own. */
  readonly perVendor: boolean;
  /** Starts a host. Names are unique among those that run. */
  readonly spawn: (name: string) => WalledHost;
}

interface Member {
  readonly name: string;
  readonly host: WalledHost;
  /** Null until somebody needs it. */
  vendor: string | null;
}

/**
 * Returns the hosts of a gateway. One is there from the start, for whoever comes first. A process
 * that ran one vendor's guests never runs another's: who broke out of WebAssembly may be in it.
 */
export function createHostPool(options: HostPoolOptions): ComponentHosts {
  return new HostPool(options);
}

class HostPool implements ComponentHosts {
  private readonly options: HostPoolOptions;
  private members: readonly Member[] = [];
  private isClosed = false;

  constructor(options: HostPoolOptions) {
    this.options = options;
    this.add(null);
  }

  of(vendor: string): ComponentHostPort {
    const key = this.options.perVendor ? vendor : '';
    const found = this.members.find(member => member.vendor === key);
    if (found !== undefined) return found.host;
    const free = this.members.find(member => member.vendor === null);
    if (free !== undefined) {
      free.vendor = key;
      return free.host;
    }
    if (this.isClosed || this.members.length >= HOSTS_MAX) {
      const words = `${vendor} would need host process ${HOSTS_MAX + 1}, and ${HOSTS_MAX} may run`;
      throw new ComponentError('COMPONENT_HOSTS_FULL', words);
    }
    return this.add(key).host;
  }

  async retain(vendors: ReadonlySet<string>): Promise<void> {
    if (!this.options.perVendor || this.isClosed) return;
    const isKept = ({ vendor }: Member) => vendor === null || vendors.has(vendor);
    const gone = this.members.filter(member => !isKept(member));
    this.members = this.members.filter(isKept);
    if (this.members.length === 0) this.add(null);
    await Promise.all(gone.map(({ host }) => host.close()));
  }

  async missingWalls(): Promise<readonly string[]> {
    const missing = await Promise.all(this.members.map(({ host }) => host.missingWalls()));
    return [...new Set(missing.flat())];
  }

  status(): readonly VendorHostStatus[] {
    return this.members.map(({ host, vendor }) => ({
      vendor: vendor === '' ? null : vendor,
      ...host.status(),
    }));
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.all(this.members.map(({ host }) => host.close()));
  }

  private add(vendor: string | null): Member {
    const taken = new Set(this.members.map(({ name }) => name));
    const names = Array.from({ length: HOSTS_MAX + 1 }, (_, index) => `component-host-${index}`);
    const name = names.find(one => !taken.has(one)) ?? 'component-host';
    const member = { name, host: this.options.spawn(name), vendor };
    this.members = [...this.members, member];
    return member;
  }
}
