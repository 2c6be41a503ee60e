import * as host from 'airssys:lifecycle/self@0.1.0';

/** What a controller may know of itself. */
export const self = {
  /** Returns name, version, slot and instance number. */
  identity: (): host.InstanceIdentity => host.identity(),
  /** Returns the effective grants in canonical text, to degrade on purpose. */
  granted: (): readonly string[] => host.granted(),
} as const;
