;; Uses the number of a pool that it has not opened.
(func $decide (result i32)
  (call $pool.members (i32.const 0) (global.get $back))
  (call $pass))
