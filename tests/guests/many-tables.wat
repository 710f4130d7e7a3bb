;; Makes two tables large, each within the bound, both together beyond it.
(table $one 1 funcref)
(table $two 1 funcref)
(func $decide (result i32)
  (drop (table.grow $one (ref.null func) (i32.const 60000)))
  (drop (table.grow $two (ref.null func) (i32.const 60000)))
  (call $pass))
