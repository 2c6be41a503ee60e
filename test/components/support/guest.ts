import { watBinary } from '../../../scripts/guests/wat-io.ts';

/** A guest for `testContract`: no allocator, a few hundred bytes, and every way to misbehave. */
const GUEST = `(component
  (import "test:host/calls@0.1.0" (instance $host
    (export "ping" (func (param "value" u32) (result u32)))))
  (import "wasi:logging/logging@0.1.0-draft" (instance $logging
    (type $l (enum "trace" "debug" "info" "warn" "error" "critical"))
    (export "level" (type $level (eq $l)))
    (export "log" (func (param "level" $level) (param "context" string) (param "message" string)))))
  (core module $memory
    (memory (export "memory") 2)
    (global $top (mut i32) (i32.const 4096))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (local $at i32)
      global.get $top
      i32.const 7
      i32.add
      i32.const -8
      i32.and
      local.tee $at
      local.get 3
      i32.add
      global.set $top
      block $fits
        global.get $top
        memory.size
        i32.const 16
        i32.shl
        i32.le_u
        br_if $fits
        i32.const 16
        memory.grow
        drop
      end
      local.get $at)
    (func (export "reset")
      i32.const 4096
      global.set $top))
  (core instance $memory (instantiate $memory))
  (core func $ping (canon lower (func $host "ping")))
  (core func $log (canon lower (func $logging "log") (memory (core memory $memory "memory"))))
  (core module $guest
    (import "host" "ping" (func $ping (param i32) (result i32)))
    (import "host" "log" (func $log (param i32 i32 i32 i32 i32)))
    (import "memory" "memory" (memory 2))
    (import "memory" "reset" (func $reset))
    (table $table 1 funcref)
    (data (i32.const 64) "testbeforeafter")
    (func $say (param i32 i32)
      i32.const 2
      i32.const 64
      i32.const 4
      local.get 0
      local.get 1
      call $log)
    (func (export "echo") (param i32 i32) (result i32)
      i32.const 16
      local.get 0
      i32.store
      i32.const 20
      local.get 1
      i32.store
      i32.const 16)
    (func (export "echo-post") (param i32)
      call $reset)
    (func (export "spin") (loop (br 0)))
    (func (export "ask") (param i32) (result i32) (call $ping (local.get 0)))
    (func (export "ask-forever") (loop (drop (call $ping (i32.const 1))) (br 0)))
    (func (export "trap") unreachable)
    (func (export "grow-table") (result i32)
      (loop
        (br_if 0 (i32.ne (i32.const -1) (table.grow $table (ref.null func) (i32.const 1000)))))
      (table.size $table))
    (func (export "log-and-ask") (result i32)
      (call $say (i32.const 68) (i32.const 6))
      (call $ping (i32.const 7))
      (call $say (i32.const 74) (i32.const 5)))
    (func (export "log-many") (param i32)
      (loop
        (call $say (i32.const 64) (i32.const 15))
        (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))
  (core instance $guest (instantiate $guest
    (with "memory" (instance $memory))
    (with "host" (instance (export "ping" (func $ping)) (export "log" (func $log))))))
  (func $echo (param "bytes" (list u8)) (result (list u8))
    (canon lift (core func $guest "echo") (memory (core memory $memory "memory"))
      (realloc (core func $memory "realloc")) (post-return (core func $guest "echo-post"))))
  (func $spin (canon lift (core func $guest "spin")))
  (func $ask (param "value" u32) (result u32) (canon lift (core func $guest "ask")))
  (func $ask-forever (canon lift (core func $guest "ask-forever")))
  (func $trap (canon lift (core func $guest "trap")))
  (func $grow-table (result u32) (canon lift (core func $guest "grow-table")))
  (func $log-and-ask (result u32) (canon lift (core func $guest "log-and-ask")))
  (func $log-many (param "count" u32) (canon lift (core func $guest "log-many")))
  (instance $handlers
    (export "echo" (func $echo))
    (export "spin" (func $spin))
    (export "ask" (func $ask))
    (export "ask-forever" (func $ask-forever))
    (export "trap" (func $trap))
    (export "grow-table" (func $grow-table))
    (export "log-and-ask" (func $log-and-ask))
    (export "log-many" (func $log-many)))
  (export "test:guest/handlers@0.1.0" (instance $handlers)))`;

/** Returns the guest's component bytes. */
export function guestBytes(): Promise<Uint8Array> {
  return watBinary(GUEST);
}
