;; Never comes to an end.
(func $decide (result i32)
  (loop $again (br $again))
  (unreachable))
