;; Wants a task due at a time that is no number.
(func $decide (result i32)
  (call $effects.task (i32.const 1024) (i32.const 2) (i32.const 1024) (i32.const 2)
    (i32.const 1) (f64.const nan:0x4000000000001) (global.get $back))
  (call $pass))
