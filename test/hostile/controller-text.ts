/**
 * Text of small controllers that do one thing wrong. A component of two core modules: `$memory` has
 * the memory and an allocator for what the host returns, `$guest` has everything that is called.
 */

/** An interface that a controller imports and one function of it, as text at each level. */
interface HostInterface {
  readonly declare: string;
  readonly lower: string;
  readonly core: string;
  readonly argument: string;
}

/** Which host functions a controller may call, by the name under which its text calls them. */
export type HostUse = keyof typeof HOST;

/** What differs from a controller that does nothing. Bodies are text of core instructions. */
export interface ControllerParts {
  readonly uses?: readonly HostUse[];
  /** More definitions of the component, before the guest's module. */
  readonly component?: string;
  /** More imports of the guest's module and what they are given. */
  readonly coreImports?: string;
  readonly coreArguments?: string;
  /** Definitions of the guest's module. */
  readonly guest?: string;
  /** Limits of the memory: one page, unless given. */
  readonly memory?: string;
  /** Fields of the memory's module, such as data. */
  readonly memoryFields?: string;
  /** Body of the allocator for what the host returns. */
  readonly hostRealloc?: string;
  /** Body of the allocator for arguments of calls. */
  readonly realloc?: string;
  /** Returns the address of a `result<_, string>`; address 16 holds ok. */
  readonly start?: string;
  readonly stop?: string;
  /** Returns the address of a `health-report`; address 32 holds healthy. */
  readonly health?: string;
  readonly message?: string;
  readonly tick?: string;
  /** Bodies of what cleans up after a call; none unless given. */
  readonly afterStart?: string;
  readonly afterMessage?: string;
}

const ERROR = `(type $error' (variant (case "denied") (case "quota-exceeded")
      (case "rate-limited" u32) (case "not-ready") (case "undefined-pin-label")
      (case "pin-mode-not-allowed") (case "already-in-use") (case "hardware-fault" string)))
    (export "error" (type $error (eq $error')))`;

const HOST = {
  log: {
    declare: `(import "wasi:logging/logging@0.1.0-draft" (instance $logging
    (type $level' (enum "trace" "debug" "info" "warn" "error" "critical"))
    (export "level" (type $level (eq $level')))
    (export "log" (func (param "level" $level) (param "context" string)
      (param "message" string)))))`,
    lower: '(core func $log (canon lower (func $logging "log") (memory $bytes)))',
    core: '(import "host" "log" (func $log (param i32 i32 i32 i32 i32)))',
    argument: '(export "log" (func $log))',
  },
  write: {
    declare: `(import "airssys:gpio/digital@0.1.0" (instance $digital
    (type $state' (enum "inactive" "active"))
    (export "line-state" (type $state (eq $state')))
    ${ERROR}
    (export "write" (func (param "label" string) (param "state" $state)
      (result (result (error $error)))))))`,
    lower: `(core func $write
    (canon lower (func $digital "write") (memory $bytes) (realloc $realloc)))`,
    core: '(import "host" "write" (func $write (param i32 i32 i32 i32)))',
    argument: '(export "write" (func $write))',
  },
  publish: {
    declare: `(import "airssys:mqtt/publisher@0.1.0" (instance $publisher
    (type $qos' (enum "at-most-once" "at-least-once"))
    (export "qos" (type $qos (eq $qos')))
    (type $error' (variant (case "denied") (case "quota-exceeded") (case "rate-limited" u32)
      (case "undefined-connection") (case "invalid-topic")))
    (export "error" (type $error (eq $error')))
    (export "publish" (func (param "connection" string) (param "topic" string)
      (param "payload" (list u8)) (param "qos" $qos) (param "retain" bool)
      (result (result u64 (error $error)))))))`,
    lower: `(core func $publish
    (canon lower (func $publisher "publish") (memory $bytes) (realloc $realloc)))`,
    core: `(import "host" "publish"
      (func $publish (param i32 i32 i32 i32 i32 i32 i32 i32 i32)))`,
    argument: '(export "publish" (func $publish))',
  },
  granted: {
    declare: `(import "airssys:lifecycle/self@0.1.0" (instance $self
    (export "granted" (func (result (list string))))))`,
    lower: `(core func $granted
    (canon lower (func $self "granted") (memory $bytes) (realloc $realloc)))`,
    core: '(import "host" "granted" (func $granted (param i32)))',
    argument: '(export "granted" (func $granted))',
  },
  random: {
    declare: `(import "wasi:random/random@0.2.0" (instance $random
    (export "get-random-bytes" (func (param "len" u64) (result (list u8))))))`,
    lower: `(core func $random
    (canon lower (func $random "get-random-bytes") (memory $bytes) (realloc $realloc)))`,
    core: '(import "host" "random" (func $random (param i64 i32)))',
    argument: '(export "random" (func $random))',
  },
  clock: {
    declare: `(import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
    (export "now" (func (result u64)))))`,
    lower: '(core func $now (canon lower (func $clock "now")))',
    core: '(import "host" "now" (func $now (result i64)))',
    argument: '(export "now" (func $now))',
  },
  timer: {
    declare: `(import "airssys:timer/timers@0.1.0" (instance $timers
    (type $error' (variant (case "denied") (case "quota-exceeded") (case "invalid-argument")))
    (export "error" (type $error (eq $error')))
    (export "set-interval" (func (param "name" string) (param "interval-ms" u32)
      (result (result (error $error)))))))`,
    lower: `(core func $every
    (canon lower (func $timers "set-interval") (memory $bytes) (realloc $realloc)))`,
    core: '(import "host" "every" (func $every (param i32 i32 i32 i32)))',
    argument: '(export "every" (func $every))',
  },
  serial: {
    declare: `(import "airssys:serial/port@0.1.0" (instance $serial
    (type $error' (variant (case "denied") (case "quota-exceeded") (case "rate-limited" u32)
      (case "not-ready") (case "undefined-port-label") (case "hardware-fault" string)))
    (export "error" (type $error (eq $error')))
    (export "write" (func (param "label" string) (param "bytes" (list u8))
      (result (result (error $error)))))))`,
    lower: `(core func $send
    (canon lower (func $serial "write") (memory $bytes) (realloc $realloc)))`,
    core: '(import "host" "send" (func $send (param i32 i32 i32 i32 i32)))',
    argument: '(export "send" (func $send))',
  },
} as const satisfies Record<string, HostInterface>;

/** The types that handlers name; each is declared once outside and once within. */
const TYPES = `(type $reason' (enum "cold" "restart" "update" "rollback"))
  (type $context' (record (field "reason" $reason') (field "generation" u64)
    (field "previous-version" (option string))))
  (type $report' (variant (case "healthy") (case "degraded" string) (case "unhealthy" string)))
  (type $message' (record (field "connection" string) (field "topic" string)
    (field "payload" (list u8)) (field "retained" bool)))
  (type $tick' (record (field "name" string) (field "timestamp-ns" u64) (field "missed" u32)))`;

const LIFECYCLE = `(component $lifecycle
    (type $reason' (enum "cold" "restart" "update" "rollback"))
    (import "reason" (type $reason (eq $reason')))
    (type $context' (record (field "reason" $reason) (field "generation" u64)
      (field "previous-version" (option string))))
    (import "context" (type $context (eq $context')))
    (type $report' (variant (case "healthy") (case "degraded" string) (case "unhealthy" string)))
    (import "report" (type $report (eq $report')))
    (import "a" (func $start (param "context" $context) (result (result (error string)))))
    (import "b" (func $stop (param "deadline-ms" u32)))
    (import "c" (func $health (result $report)))
    (export $reason-out "start-reason" (type $reason))
    (type $context-named (record (field "reason" $reason-out) (field "generation" u64)
      (field "previous-version" (option string))))
    (export $context-out "start-context" (type $context-named))
    (export $report-out "health-report" (type $report))
    (export "start" (func $start)
      (func (param "context" $context-out) (result (result (error string)))))
    (export "stop" (func $stop))
    (export "health" (func $health) (func (result $report-out))))
  (instance $lifecycle (instantiate $lifecycle
    (with "reason" (type $reason')) (with "context" (type $context'))
    (with "report" (type $report')) (with "a" (func $start)) (with "b" (func $stop))
    (with "c" (func $health))))
  (export "airssys:lifecycle/controller@0.1.0" (instance $lifecycle))`;

/** Returns the text of a controller. */
export function controllerText(parts: ControllerParts): string {
  const uses = (parts.uses ?? []).map(use => HOST[use]);
  const each = (level: keyof HostInterface) => uses.map(use => use[level]).join('\n  ');
  return `(component
  ${each('declare')}
  (core module $memory
    (memory (export "memory") ${parts.memory ?? '1'})
    (global $next (mut i32) (i32.const 32768))
    ${parts.memoryFields ?? ''}
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      ${parts.hostRealloc ?? bump('$next')}))
  (core instance $memory (instantiate $memory))
  (alias core export $memory "memory" (core memory $bytes))
  (alias core export $memory "realloc" (core func $realloc))
  ${each('lower')}
  ${parts.component ?? ''}
  (core module $guest
    (import "memory" "memory" (memory 1))
    ${each('core')}
    ${parts.coreImports ?? ''}
    (global $next (mut i32) (i32.const 16384))
    ${parts.guest ?? ''}
    ${guestFunctions(parts)})
  (core instance $guest (instantiate $guest
    (with "memory" (instance $memory))
    (with "host" (instance ${each('argument')} ${parts.coreArguments ?? ''}))))
  (alias core export $guest "realloc" (core func $allocate))
  ${lifted(parts)})`;
}

/** An allocator's body that starts anew for each call, from the given global on. */
function bump(global: string): string {
  return `(local $at i32)
      (local.set $at (i32.and (i32.add (global.get ${global}) (i32.const 7)) (i32.const -8)))
      (global.set ${global} (i32.add (local.get $at) (local.get 3)))
      (if (i32.gt_u (global.get ${global}) (i32.const 49152))
        (then (global.set ${global} (i32.const 16384))))
      (local.get $at)`;
}

function guestFunctions(parts: ControllerParts): string {
  const after = [
    parts.afterStart === undefined
      ? ''
      : `(func (export "after-start") (param i32) ${parts.afterStart})`,
    parts.afterMessage === undefined ? '' : `(func (export "after-message") ${parts.afterMessage})`,
  ];
  return `(func (export "realloc") (param i32 i32 i32 i32) (result i32)
      ${parts.realloc ?? bump('$next')})
    (func (export "start") (param i32 i64 i32 i32 i32) (result i32)
      ${parts.start ?? '(i32.const 16)'})
    (func (export "stop") (param i32) ${parts.stop ?? ''})
    (func (export "health") (result i32) ${parts.health ?? '(i32.const 32)'})
    (func (export "message") (param i32 i32 i32 i32 i32 i32 i32) ${parts.message ?? ''})
    (func (export "tick") (param i32 i32 i64 i32) ${parts.tick ?? ''})
    ${after.join('\n    ')}`;
}

function lifted(parts: ControllerParts): string {
  const options = '(memory $bytes) (realloc $allocate)';
  const after = (name: string, body: string | undefined) =>
    body === undefined ? '' : `(post-return (core func $guest "after-${name}"))`;
  const ticks = `(func $tick (param "tick" $tick')
    (canon lift (core func $guest "tick") ${options}))
  ${handler('tick', '(field "name" string) (field "timestamp-ns" u64) (field "missed" u32)')}
  (export "airssys:timer/tick-handler@0.1.0" (instance $ticks))`;
  return `${TYPES}
  (func $start (param "context" $context') (result (result (error string)))
    (canon lift (core func $guest "start") ${options} ${after('start', parts.afterStart)}))
  (func $stop (param "deadline-ms" u32) (canon lift (core func $guest "stop")))
  (func $health (result $report') (canon lift (core func $guest "health") (memory $bytes)))
  (func $message (param "message" $message')
    (canon lift (core func $guest "message") ${options} ${after('message', parts.afterMessage)}))
  ${LIFECYCLE}
  ${handler(
    'message',
    `(field "connection" string) (field "topic" string)
      (field "payload" (list u8)) (field "retained" bool)`,
  )}
  (export "airssys:mqtt/message-handler@0.1.0" (instance $messages))
  ${parts.uses?.includes('timer') ? ticks : ''}`;
}

/** A component that gives a handler its named type, and its one instance. */
function handler(name: string, fields: string): string {
  return `(component $${name}s
    (type $plain (record ${fields}))
    (import "plain" (type $given (eq $plain)))
    (import "f" (func $f (param "${name}" $given)))
    (export $named "${name}" (type $given))
    (export "on-${name}" (func $f) (func (param "${name}" $named))))
  (instance $${name}s (instantiate $${name}s
    (with "plain" (type $${name}')) (with "f" (func $${name}))))`;
}
