import type { Link } from '../base/link.ts';

/**
 * A release: the signed set of controllers of a gateway, with what each asks for. This is the
 * validated value; `release.toml` and the SUIT envelope are its two written forms.
 */
export interface Release {
  /** Kebab-case, at most 64 characters. */
  readonly name: string;
  /** Rises with every release of this name; the floor compares it. 0 to 2^53 - 1. */
  readonly sequence: number;
  /** Semantic version, for people. */
  readonly version: string;
  /** Domain name of the vendor; its vendor identifier is the UUIDv5 of it (RFC 9124 3.4). */
  readonly vendor: string;
  /** Class of gateways the release is for; class identifier = UUIDv5 within the vendor's. */
  readonly gatewayClass: string;
  /** Oldest runtime that can run it, a semantic version. */
  readonly minimumRuntime: string;
  readonly description: string;
  /** When it was made, seconds since 1970, as its signers say. */
  readonly issuedS?: number;
  /** From this second since 1970 on it is not installed any more; installed, it goes on. */
  readonly useBeforeS?: number;
  /** The kind of board it is for; absent: any. */
  readonly boardClass?: string;
  /** A trial is committed after this time without a complaint, if the gateway asks for no more. */
  readonly soakMs?: number;
  /** Digest of the texts that its envelope may bring (`digestOfMember`), lower-case hex. */
  readonly textDigest?: string;
  /** Digest of the bill of materials that its envelope may bring, lower-case hex. */
  readonly sbomDigest?: string;
  /** In start order. Names are unique. */
  readonly controllers: readonly ControllerSpec[];
}

/** A controller within a release. */
export interface ControllerSpec {
  /** Kebab-case, at most 64 characters, unique in the release. */
  readonly name: string;
  readonly version: string;
  /** Domain name of who made it, where that is not the release's vendor. */
  readonly vendor?: string;
  /** SHA-256 of the component, lower-case hex. */
  readonly digest: string;
  readonly sizeBytes: number;
  /** Where the component can be had beside the envelope; absent: nowhere. At least one. */
  readonly uris?: readonly string[];
  /** Full name of the WIT world that its component keeps to: `airssys:worlds/base@0.1.0`. */
  readonly world?: string;
  /** Instances at a time; absent: one. */
  readonly replicas?: number;
  /** How it takes the place of its older version; absent: immediate. */
  readonly strategy?: UpdateStrategy;
  /** The state that it takes over from another version; absent: none. */
  readonly state?: StateSpec;
  /** Components beside its own that live inside its instance. They are reached by links only. */
  readonly parts: readonly PartSpec[];
  /** Which import of it, or of a part, is answered by which part. Every part answers one. */
  readonly links: readonly Link[];
  readonly requests: readonly CapabilityRequest[];
  /** Given to the controller through `wasi:config`. Keys at most 256 bytes, values 8 KiB. */
  readonly config: readonly (readonly [key: string, value: string])[];
  readonly restart: RestartSpec;
  readonly mailbox: MailboxSpec;
  /** Interval of `health` calls in milliseconds, 1,000 to 3,600,000. */
  readonly healthIntervalMs: number;
}

/** How a controller takes the place of its older version. */
export const UPDATE_STRATEGIES = [
  'immediate',
  'blue-green',
  'canary',
  'rolling',
  'shadow',
] as const;

/** One of them. */
export type UpdateStrategy = (typeof UPDATE_STRATEGIES)[number];

/** Schemas of saved state that a controller can restore. Schema 0: nothing is saved. */
export interface StateSpec {
  /** The oldest that it restores. */
  readonly schemaMin: number;
  /** The newest, which is what it saves itself. */
  readonly schemaMax: number;
}

/** A component that a controller brings along. It has no capability: values in, values out. */
export interface PartSpec {
  /** Kebab-case, at most 64 characters; neither the controller's nor another part's. */
  readonly name: string;
  /** SHA-256 of the component, lower-case hex. */
  readonly digest: string;
  readonly sizeBytes: number;
  /** Where the component can be had beside the envelope; absent: nowhere. At least one. */
  readonly uris?: readonly string[];
  /** Linear memory, taken off what the controller's `mem:` grants it. */
  readonly memoryBytesMax: number;
}

/** A component that a release brings, as its manifest lists it. */
export interface ReleaseImage {
  /** `CONTROLLER` or `CONTROLLER/PART`, for messages. */
  readonly label: string;
  readonly digest: string;
  readonly sizeBytes: number;
  readonly uris?: readonly string[];
}

/** Returns every component of a release: each controller's own, then those of its parts. */
export function imagesOf(release: Pick<Release, 'controllers'>): readonly ReleaseImage[] {
  return release.controllers.flatMap(controller => [
    imageOf(controller.name, controller),
    ...controller.parts.map(part => imageOf(`${controller.name}/${part.name}`, part)),
  ]);
}

function imageOf(label: string, spec: Omit<ReleaseImage, 'label'>): ReleaseImage {
  const { digest, sizeBytes, uris } = spec;
  return { label, digest, sizeBytes, ...(uris !== undefined && { uris }) };
}

/** Returns what of a controller's memory is left to its own component, parts subtracted. */
export function ownMemoryBytes(
  { parts }: { readonly parts: readonly Pick<PartSpec, 'memoryBytesMax'>[] },
  memoryBytesMax: number,
): number {
  return parts.reduce((left, part) => left - part.memoryBytesMax, memoryBytesMax);
}

/** A capability that a controller asks for, signed with the release. */
export interface CapabilityRequest {
  /** A grant in canonical text (capabilities/grammar). */
  readonly grant: string;
  /** Why, for the person who approves. */
  readonly reason: string;
  /** The release also runs without it. */
  readonly optional: boolean;
}

/** When an ended controller is started again. */
export interface RestartSpec {
  readonly policy: 'permanent' | 'transient' | 'temporary';
  /** More than this many ends within `periodMs`: quarantine. */
  readonly intensityMax: number;
  readonly periodMs: number;
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
}

/** Bounds of a controller's mailbox. */
export interface MailboxSpec {
  readonly messagesMax: number;
  readonly bytesMax: number;
  /** What happens to a message that does not fit. */
  readonly overflow: 'drop-oldest' | 'drop-newest';
}
