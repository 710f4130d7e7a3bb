;; Opens `p00`, `p01`, … `p99`.
(data (i32.const 4096) "p00")
(func $decide (result i32)
  (local $n i32)
  (loop $again
    (i32.store8 (i32.const 4097) (i32.add (i32.const 48) (i32.div_u (local.get $n) (i32.const 10))))
    (i32.store8 (i32.const 4098) (i32.add (i32.const 48) (i32.rem_u (local.get $n) (i32.const 10))))
    (call $pool.open (i32.const 4096) (i32.const 3) (global.get $back))
    (local.set $n (i32.add (local.get $n) (i32.const 1)))
    (br_if $again (i32.lt_u (local.get $n) (i32.const 100))))
  (call $pass))
