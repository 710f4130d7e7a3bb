;; Wants bytes to lie where its memory has ended, from the start.
(data (i32.const 0x7ffffff0) "far away")
(func $decide (result i32)
  (call $pass))
