import { GatewayError } from '../base/errors.ts';
import type { Link } from '../base/link.ts';
import type { ComponentShape } from '../base/value-type.ts';

/**
 * What staging made of a component: verified structure, capped core modules and a plan.
 * gatewayd reads `shape` only; `plan` and `modules` are opaque to it and go to component-host.
 */
export interface StagedArtifact {
  /** SHA-256 of the component, lower-case hex. */
  readonly digest: string;
  readonly shape: ComponentShape;
  readonly plan: Uint8Array;
  readonly modules: readonly Uint8Array[];
}

/** What an instance is made of: a controller's component, and the parts that it brings along. */
export interface Assembly {
  /** The controller's: the only one that may have capabilities, and the one that is called. */
  readonly own: AssemblyPart;
  /** In the order of activation: who is called comes before who calls. */
  readonly parts: readonly AssemblyPart[];
  readonly links: readonly Link[];
}

/** Bytes of all plans and modules of an assembly. */
export const ASSEMBLY_BYTES_MAX = 64 * 1024 * 1024;

/** One component of an assembly. */
export interface AssemblyPart {
  readonly name: string;
  readonly artifact: StagedArtifact;
}

/** Bounds of one instance. */
export interface InstanceLimits {
  /** Linear memory, in sum over all core modules of all components. */
  readonly memoryBytesMax: number;
  /** One call of an export, host calls included; then the instance is killed. */
  readonly callDeadlineMs: number;
  /** Calls sent to the worker and not yet answered. */
  readonly callsInFlightMax: number;
}

/** What an instance may know without asking gatewayd; travels once, at activation. */
export interface InstanceSnapshot {
  readonly identity: {
    readonly name: string;
    readonly version: string;
    readonly slot: 'a' | 'b';
    readonly instance: bigint;
  };
  /** Effective grants in canonical text, sorted. */
  readonly granted: readonly string[];
  readonly config: readonly (readonly [key: string, value: string])[];
}

/**
 * Answers one host call of a guest. `functionId` indexes the contract's imports. Arguments and the
 * answer follow base/value-type.ts. A declared WIT error is an answer; a throw or a rejection kills
 * the instance. A promise keeps the guest waiting, within its deadline.
 */
export type HostCallHandler = (functionId: number, args: readonly unknown[]) => unknown;

/** Why an instance ended. It was stopped, or stopped itself: then the message says so. */
export type EndReason =
  | { readonly kind: 'stopped'; readonly message?: string }
  | { readonly kind: 'trapped'; readonly message: string }
  | { readonly kind: 'deadline'; readonly message: string }
  /** It went on when it was told to end: its whole process was killed for it. */
  | { readonly kind: 'unstoppable'; readonly message: string }
  | { readonly kind: 'flooded'; readonly message: string }
  | { readonly kind: 'protocol'; readonly message: string }
  | { readonly kind: 'host-lost'; readonly message: string };

/** Figures of one instance since its activation. */
export interface InstanceStatistics {
  readonly calls: number;
  readonly hostCalls: number;
  readonly logLinesDropped: number;
  readonly memoryBytes: number;
}

/** One running copy of a component. */
export interface ComponentInstance {
  /**
   * Calls an export. `functionId` indexes the contract's exports. Calls are delivered in order.
   * Rejects with ComponentError: `COMPONENT_ENDED` when the instance ended before it answered,
   * `COMPONENT_BUSY` when `callsInFlightMax` calls are waiting (nothing was sent).
   */
  call(functionId: number, args: readonly unknown[]): Promise<unknown>;
  /** Whether the component exports this function of the contract. */
  exports(functionId: number): boolean;
  /** Ends the instance; calls in flight reject. Resolves when its worker is gone. */
  kill(reason: EndReason): Promise<void>;
  /** Resolves once, never rejects, when the instance has ended for whatever reason. */
  readonly ended: Promise<EndReason>;
  statistics(): InstanceStatistics;
}

/** An assembly whose modules are compiled in component-host, ready for activation. */
export interface PreparedComponent {
  /** Forgets the compiled modules. */
  release(): void;
}

/** What an activation needs. */
export interface ActivationRequest {
  readonly component: PreparedComponent;
  readonly snapshot: InstanceSnapshot;
  readonly limits: InstanceLimits;
  readonly onHostCall: HostCallHandler;
  /** Log lines of the guest (`wasi:logging`, standard output and error), already bounded. */
  readonly onLog: (level: string, context: string, message: string) => void;
}

/** What the host process finds out by trying, at its start. */
export const PROBED_WALLS = [
  'permission-model',
  'native-code',
  'files',
  'processes',
  'signals',
  'network',
] as const;

/** What the kernel says of the host process. */
const KERNEL_WALLS = [
  'own-uid',
  'no-new-privileges',
  'no-capabilities',
  'resource-limits',
  'namespaces',
  'seccomp',
  'memory-limit',
  'process-limit',
] as const;

/** Every wall there is; a gateway's configuration may demand any of them. */
export const WALL_NAMES = [...PROBED_WALLS, ...KERNEL_WALLS] as const;

/** Name of a wall. */
export type WallName = (typeof WALL_NAMES)[number];

/** A protection around the host process, as the host's self-probe or the kernel reports it. */
export interface Wall {
  readonly name: WallName;
  readonly state: 'up' | 'down' | 'unknown';
  /** Why it is down, or what was probed. */
  readonly detail: string;
}

/** State of component-host for `status`. */
export interface HostStatus {
  readonly state: 'starting' | 'running' | 'restarting' | 'stopped';
  readonly pid: number | null;
  readonly starts: number;
  readonly workers: number;
  readonly walls: readonly Wall[];
  /** Walls that the gateway demands and that do not stand, in words. */
  readonly missingWalls: readonly string[];
}

/** The process that runs guests, restarted behind this port when it dies. */
export interface ComponentHostPort {
  /** Sends modules, plans and links to the host, which compiles. Rejects with ComponentError. */
  prepare(assembly: Assembly): Promise<PreparedComponent>;
  /** Instantiates in a warm worker. Rejects with ComponentError. Start functions have run then. */
  activate(request: ActivationRequest): Promise<ComponentInstance>;
  status(): HostStatus;
  /** Ends the process and all instances. */
  close(): Promise<void>;
}

/** State of one of several component-hosts. */
export interface VendorHostStatus extends HostStatus {
  /** Whose controllers it runs; null where it waits for some, or runs everybody's. */
  readonly vendor: string | null;
}

/** The processes that run guests: one a vendor, unless they share one. */
export interface ComponentHosts {
  /** Returns the host of a vendor; starts one where there is none. Throws ComponentError. */
  of(vendor: string): ComponentHostPort;
  /** Ends the hosts of all other vendors. */
  retain(vendors: ReadonlySet<string>): Promise<void>;
  /**
   * Waits for the hosts, and returns which of the walls that the gateway demands do not stand, in
   * words; empty when all do. Rejects with ComponentError when a host does not start.
   */
  missingWalls(): Promise<readonly string[]>;
  /** At least one. */
  status(): readonly VendorHostStatus[];
  /** Ends all processes and all instances. */
  close(): Promise<void>;
}

/** Turns component bytes into a StagedArtifact, in a short-lived process with a deadline. */
export interface StagePort {
  /**
   * Rejects with ComponentError `COMPONENT_REFUSED` (its message names the rule) and others.
   * `digest` is the SHA-256 of the bytes, lower-case hex, where the caller has verified it; else it
   * is worked out here.
   */
  stage(
    bytes: Uint8Array,
    limits: { readonly memoryBytesMax: number },
    digest?: string,
  ): Promise<StagedArtifact>;
}

/** Codes of ComponentError. */
export type ComponentErrorCode =
  | 'COMPONENT_REFUSED'
  | 'COMPONENT_STAGE_TIMEOUT'
  | 'COMPONENT_STAGE_FAILED'
  | 'COMPONENT_COMPILE_FAILED'
  | 'COMPONENT_ACTIVATION_FAILED'
  | 'COMPONENT_ENDED'
  | 'COMPONENT_BUSY'
  | 'COMPONENT_ARGUMENT'
  | 'COMPONENT_HOST_LOST'
  | 'COMPONENT_SLOTS_FULL'
  | 'COMPONENT_HOSTS_FULL'
  | 'HOST_WALLS_MISSING';

/** A component could not be staged, activated or called. */
export class ComponentError extends GatewayError<ComponentErrorCode> {}
