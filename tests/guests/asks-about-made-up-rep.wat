;; Asks about a rep whom it was not shown.
(func $decide (result i32)
  (drop (call $pool.available (i32.const 0)))
  (call $pass))
