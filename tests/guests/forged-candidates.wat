;; Asks for a turn among reps whom it was not shown.
(data (i32.const 4096) "\01\00\00\00\02\00\00\00")
(func $decide (result i32)
  (call $pool.open (i32.const 1024) (i32.const 2) (global.get $back))
  (call $pool.next (i32.const 0) (i32.const 4096) (i32.const 2) (i32.const 0) (i32.const 0) (global.get $back))
  (call $pass))
