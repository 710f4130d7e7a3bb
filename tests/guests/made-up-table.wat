;; Looks into a table that it has not opened.
(func $decide (result i32)
  (call $tables.look-up (i32.const 0) (i32.const 1024) (i32.const 2) (global.get $back))
  (call $pass))
