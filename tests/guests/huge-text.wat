;; Hands half a megabyte to the host in one call.
(func $decide (result i32)
  (call $effects.note (i32.const 0) (i32.const 524288) (global.get $back))
  (call $pass))
