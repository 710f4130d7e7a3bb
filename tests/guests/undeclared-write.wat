;; Writes a property that its manifest does not declare.
(data (i32.const 4096) "score")
(func $decide (result i32)
  (call $effects.set-property (i32.const 4096) (i32.const 5) (i32.const 1024) (i32.const 2) (global.get $back))
  (call $pass))
