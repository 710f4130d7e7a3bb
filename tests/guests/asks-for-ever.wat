;; Asks the host the same question without end.
(func $decide (result i32)
  (loop $again
    (call $lead.text (i32.const 1024) (i32.const 2) (global.get $back))
    (br $again))
  (unreachable))
