;; Wants a task due at the end of time.
(func $decide (result i32)
  (call $effects.task (i32.const 1024) (i32.const 2) (i32.const 1024) (i32.const 2)
    (i32.const 1) (f64.const inf) (global.get $back))
  (call $pass))
