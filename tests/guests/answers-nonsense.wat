;; Returns a decision of a kind that the contract does not have.
(func $decide (result i32)
  (i32.store8 offset=4 (global.get $answer) (i32.const 99))
  (global.get $answer))
