;; Sends a byte that no UTF-8 text has.
(data (i32.const 4096) "na\ff")
(func $decide (result i32)
  (call $pool.open (i32.const 4096) (i32.const 3) (global.get $back))
  (call $pass))
