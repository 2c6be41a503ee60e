import { GatewayError } from '../base/errors.ts';

/** Codes of LinkError. */
export type LinkErrorCode =
  | 'LINK_MALFORMED'
  | 'LINK_INVALID'
  | 'LINK_UNSUPPORTED'
  | 'LINK_LIMIT'
  | 'LINK_CORE'
  | 'LINK_COMPOSITION';

/** A component was refused. `offset` is the place in its bytes, or -1 where none is known. */
export class LinkError extends GatewayError<LinkErrorCode> {
  readonly offset: number;

  constructor(
    code: LinkErrorCode,
    message: string,
    offset = -1,
    options?: { readonly cause?: unknown },
  ) {
    super(code, offset < 0 ? message : `${message} (at byte ${offset})`, options);
    this.offset = offset;
  }
}

/**
 * Codes of Trap: the guest itself, its canonical ABI, a host function that threw, a linked
 * component that died in a call, an import that nobody provides, a bound, the stack, a wish to
 * exit, a call to an instance that is already dead.
 */
export type TrapCode =
  | 'TRAP_GUEST'
  | 'TRAP_ABI'
  | 'TRAP_HOST'
  | 'TRAP_LINKED'
  | 'TRAP_MISSING'
  | 'TRAP_LIMIT'
  | 'TRAP_STACK'
  | 'TRAP_EXIT'
  | 'TRAP_DEAD';

/** The instance is dead: it must never be called again. */
export class Trap extends GatewayError<TrapCode> {}

/** Returns a Trap for a violation of the canonical ABI. */
export function abiTrap(message: string): Trap {
  return new Trap('TRAP_ABI', message);
}
