;; The component that a waiting worker runs once, so that the first real one finds everything
;; compiled: strings, bytes and records in, a log line and a host call with a result out.
;; Built into wit/generated/warm-up.ts by `npm run generate`.
(component
  (type $logging (instance
    (type $level' (enum "trace" "debug" "info" "warn" "error" "critical"))
    (export "level" (type $level (eq $level')))
    (export "log" (func
      (param "level" $level) (param "context" string) (param "message" string)))))
  (import "wasi:logging/logging@0.1.0-draft" (instance $log (type $logging)))
  (type $timers (instance
    (type $reason' (variant (case "denied") (case "rate-limited" u32) (case "other" string)))
    (export "error" (type $error (eq $reason')))
    (export "start" (func (param "period-ms" u32) (param "topic" string)
      (result (result u64 (error $error)))))))
  (import "airssys:warm-up/host@0.1.0" (instance $host (type $timers)))
  (core module $memory
    (memory (export "memory") 1)
    (global $next (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (local $at i32)
      (local.set $at (i32.and
        (i32.add (global.get $next) (i32.sub (local.get 2) (i32.const 1)))
        (i32.sub (i32.const 0) (local.get 2))))
      (global.set $next (i32.add (local.get $at) (local.get 3)))
      (local.get $at)))
  (core instance $memory (instantiate $memory))
  (alias core export $memory "memory" (core memory $bytes))
  (alias core export $memory "realloc" (core func $realloc))
  (alias export $log "log" (func $log'))
  (alias export $host "start" (func $start'))
  (core func $log (canon lower (func $log') (memory $bytes)))
  (core func $start (canon lower (func $start') (memory $bytes) (realloc $realloc)))
  (core module $guest
    (import "host" "log" (func $log (param i32 i32 i32 i32 i32)))
    (import "host" "start" (func $start (param i32 i32 i32 i32)))
    ;; Parameters: address and length of connection, topic and payload, then `retained`.
    (func (export "on-message") (param i32 i32 i32 i32 i32 i32 i32)
      (call $log (i32.const 2) (local.get 0) (local.get 1) (local.get 2) (local.get 3))
      (call $start (i32.const 1) (local.get 2) (local.get 3) (i32.const 512))))
  (core instance $guest (instantiate $guest
    (with "host" (instance (export "log" (func $log)) (export "start" (func $start))))))
  (type $message' (record (field "connection" string) (field "topic" string)
    (field "payload" (list u8)) (field "retained" bool)))
  (component $handler
    (type $message' (record (field "connection" string) (field "topic" string)
      (field "payload" (list u8)) (field "retained" bool)))
    (import "import-message" (type $message (eq $message')))
    (import "import-on-message" (func $f (param "message" $message)))
    (export $exported "message" (type $message))
    (export "on-message" (func $f) (func (param "message" $exported))))
  (func $on-message (param "message" $message')
    (canon lift (core func $guest "on-message") (memory $bytes) (realloc $realloc)))
  (instance $handlers (instantiate $handler
    (with "import-message" (type $message'))
    (with "import-on-message" (func $on-message))))
  (export "airssys:mqtt/message-handler@0.1.0" (instance $handlers)))
