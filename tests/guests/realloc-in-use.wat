;; Its allocator gives the place of the answer, so that the host writes into it what it was
;; asked for.
(data (i32.const 4096) "country")
(func $decide (result i32)
  (global.set $lie (i32.const 128))
  (call $lead.text (i32.const 4096) (i32.const 7) (global.get $back))
  (call $pass))
