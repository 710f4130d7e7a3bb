;; Fills ten megabytes again and again: few instructions, much work.
(func $decide (result i32)
  (drop (memory.grow (i32.const 160)))
  (loop $again
    (memory.fill (i32.const 65536) (i32.const 0) (i32.const 10485760))
    (br $again))
  (unreachable))
