;; Asks for page after page.
(func $decide (result i32)
  (loop $again
    (br_if $again (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
  (call $pass))
