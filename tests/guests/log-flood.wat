;; Writes the same line nine thousand times, and decides all the same if it can.
(func $decide (result i32) (local $n i32)
  (loop $again
    (call $log.line (i32.const 1) (i32.const 1024) (i32.const 2))
    (br_if $again (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 9000))))
  (call $queue (i32.const 1024) (i32.const 2)))
