;; Says that its answer lies where its memory has ended.
(func $decide (result i32)
  (i32.const -64))
