;; Its allocator gives an address where its memory has ended.
(data (i32.const 4096) "country")
(func $decide (result i32)
  (global.set $lie (i32.const -8))
  (call $lead.text (i32.const 4096) (i32.const 7) (global.get $back))
  (call $pass))
