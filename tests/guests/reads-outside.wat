;; Reads where its memory has ended.
(func $decide (result i32)
  (i32.load (i32.const -4)))
