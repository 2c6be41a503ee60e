/** Guards: the objects between guests and drivers that refuse what is not granted. */
export {
  AuditAggregate,
  type AuditEntry,
  aggregateAudit,
} from './audit-aggregate.ts';
export type { DeliveryFailure, DeliveryHandlers } from './deliveries.ts';
export { type GuardedGpio, guardGpio, PULSE_MS_MAX } from './gpio-guard.ts';
export {
  type ControllerIdentity,
  type GatewayGuards,
  GuardContext,
} from './guard-context.ts';
export type { GuardedPorts, HostEntries, HostEntry } from './host-entries.ts';
export {
  buildImportObject,
  type GuardableDrivers,
  type ImportObject,
  type ImportObjectParts,
  openCapabilities,
} from './import-object.ts';
export { guardKeyValue } from './keyvalue-guard.ts';
export { KvUsage, type SizesOf, sizesByReading } from './kv-usage.ts';
export { LineRegistry } from './line-registry.ts';
export { guardMqtt } from './mqtt-guard.ts';
export { type Ceilings, DEFAULT_CEILINGS, QuotaLedger } from './quota-ledger.ts';
export {
  applySafeState,
  type SafeOutput,
  type SafeStateFailure,
  type SafeStateParts,
  safeOutputs,
} from './safe-state.ts';
export { guardSerial } from './serial-guard.ts';
export { type OnTick, TIMERS_MAX, type Tick, TimerError, TimerService } from './timer-service.ts';
