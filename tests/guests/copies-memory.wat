;; Copies five megabytes again and again: few instructions, much work.
(func $decide (result i32)
  (drop (memory.grow (i32.const 160)))
  (loop $again
    (memory.copy (i32.const 65536) (i32.const 5308416) (i32.const 5242880))
    (br $again))
  (unreachable))
