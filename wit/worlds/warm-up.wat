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
  (type $digital (instance
    (type $state' (enum "inactive" "active"))
    (export "line-state" (type $state (eq $state')))
    (type $error' (variant (case "denied") (case "quota-exceeded") (case "rate-limited" u32)
      (case "not-ready") (case "undefined-pin-label") (case "pin-mode-not-allowed")
      (case "already-in-use") (case "hardware-fault" string)))
    (export "error" (type $error (eq $error')))
    (export "write" (func (param "label" string) (param "state" $state)
      (result (result (error $error)))))))
  (import "airssys:gpio/digital@0.1.0" (instance $lines (type $digital)))
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
  (alias export $lines "write" (func $write'))
  (core func $log (canon lower (func $log') (memory $bytes)))
  (core func $write (canon lower (func $write') (memory $bytes) (realloc $realloc)))
  (core module $guest
    (import "host" "log" (func $log (param i32 i32 i32 i32 i32)))
    (import "host" "write" (func $write (param i32 i32 i32 i32)))
    ;; Parameters: address and length of connection, topic and payload, then `retained`.
    (func (export "on-message") (param i32 i32 i32 i32 i32 i32 i32)
      (call $log (i32.const 2) (local.get 0) (local.get 1) (local.get 2) (local.get 3))
      (call $write (local.get 2) (local.get 3) (i32.const 1) (i32.const 512))))
  (core instance $guest (instantiate $guest
    (with "host" (instance (export "log" (func $log)) (export "write" (func $write))))))
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
