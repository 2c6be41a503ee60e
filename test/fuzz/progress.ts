/** Where in the shared numbers it stands which mutant a thread has, and how far it is with it. */
export const AT = { number: 0, phase: 1 } as const;

/** How far a thread is with a mutant. Only where guest code runs may it take for ever. */
export const PHASE = { making: 0n, taking: 1n, running: 2n } as const;

/** Bytes of the shared numbers. */
export const PROGRESS_BYTES = 16;
