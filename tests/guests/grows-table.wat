;; Makes a table larger and larger.
(table $functions 1 funcref)
(func $decide (result i32)
  (loop $again
    (br_if $again (i32.ne (table.grow $functions (ref.null func) (i32.const 1000)) (i32.const -1))))
  (call $pass))
