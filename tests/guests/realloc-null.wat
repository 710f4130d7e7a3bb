;; Its allocator gives the address 0, which is a place like any other to the host.
(data (i32.const 4096) "country")
(func $decide (result i32)
  (global.set $lie (i32.const 0))
  (call $lead.text (i32.const 4096) (i32.const 7) (global.get $back))
  (call $queue (i32.load offset=4 (global.get $back)) (i32.load offset=8 (global.get $back))))
