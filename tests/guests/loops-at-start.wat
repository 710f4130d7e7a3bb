;; Never comes to an end, before it is even asked.
(func $start
  (loop $again (br $again)))
(start $start)
(func $decide (result i32)
  (call $pass))
