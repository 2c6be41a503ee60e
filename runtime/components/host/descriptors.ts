/** Descriptor of the control socket in the host process. */
export const CONTROL_FD = 3;

/** Descriptor of a slot's call socket in the host process. */
export function callFdOf(slot: number): number {
  return CONTROL_FD + 1 + 2 * slot;
}

/** Descriptor of a slot's host socket in the host process. */
export function hostFdOf(slot: number): number {
  return callFdOf(slot) + 1;
}

/** Descriptor that the seccomp program of a host of so many slots is read from, before node. */
export function seccompFdOf(slots: number): number {
  return callFdOf(slots);
}
