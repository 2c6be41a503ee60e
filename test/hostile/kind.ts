import type { LinkErrorCode } from '../../runtime/linker/index.ts';
import { watBinary } from '../../scripts/guests/wat-io.ts';

/** Where a hostile component has to be stopped, and words with which that is told. */
export type Stop =
  /** The linker refuses it when its release is offered. */
  | { readonly at: 'link'; readonly code: LinkErrorCode; readonly words: RegExp }
  /** The engine refuses one of its core modules then. */
  | { readonly at: 'compile'; readonly words: RegExp }
  /** Its shape is not the contract's, or not what its manifest requests. */
  | { readonly at: 'contract'; readonly words: RegExp }
  /** It never starts: its release is taken back. */
  | { readonly at: 'trial'; readonly words: RegExp }
  /** It ends at a message, or soon after, and is restarted. */
  | { readonly at: 'call'; readonly words: RegExp }
  /** It has no say any more when its release is replaced. */
  | { readonly at: 'replacement' }
  /** It gets no further than its bounds, and goes on. */
  | { readonly at: 'bounds' };

/** The grant of an output whose state shows what became of who had it. */
export const HEATER = 'gpio:heater[dir=out]';

/** One way to be hostile. */
export interface HostileKind {
  /** In kebab-case; also the name of the controller that has it. */
  readonly name: string;
  readonly section: string;
  /** Text, or bytes where a text cannot say it. */
  readonly component: () => string | Uint8Array | Promise<Uint8Array>;
  readonly stop: Stop;
  /** Grants beyond those that every kind has. */
  readonly grants?: readonly string[];
}

/** A kind without what its section gives it. */
export type KindEntry = Omit<HostileKind, 'name' | 'section'>;

/** Returns the kinds of one section. */
export function section(
  name: string,
  kinds: Readonly<Record<string, KindEntry>>,
): readonly HostileKind[] {
  return Object.entries(kinds).map(([kind, rest]) => ({ name: kind, section: name, ...rest }));
}

/** Returns a kind's component. */
export async function bytesOf(kind: HostileKind): Promise<Uint8Array> {
  const made = await kind.component();
  return typeof made === 'string' ? await watBinary(made) : made;
}
