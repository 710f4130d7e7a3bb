;; Reads the phone number, which its manifest does not declare.
(data (i32.const 4096) "phone")
(func $decide (result i32)
  (call $lead.text (i32.const 4096) (i32.const 5) (global.get $back))
  (call $queue (i32.const 1024) (i32.const 2)))
