;; Makes a NaN in three ways, and names a queue after its bits: were they the machine's own,
;; two machines would decide differently.
(func $letter (param $at i32) (param $bits i64)
  (i32.store8 (local.get $at)
    (i32.add (i32.const 97) (i32.wrap_i64 (i64.and (local.get $bits) (i64.const 15))))))
(func $spell (param $at i32) (param $bits i64)
  (local $n i32)
  (loop $again
    (call $letter (i32.add (local.get $at) (local.get $n))
      (i64.shr_u (local.get $bits) (i64.extend_i32_u (i32.sub (i32.const 60) (i32.mul (local.get $n) (i32.const 4))))))
    (br_if $again (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 16)))))
(func $decide (result i32)
  (call $spell (i32.const 4096) (i64.reinterpret_f64 (f64.div (f64.const 0) (global.get $now))))
  (call $spell (i32.const 4112) (i64.reinterpret_f64 (f64.sqrt (f64.const -1))))
  (call $spell (i32.const 4128) (i64.reinterpret_f64
    (f64.add (f64.reinterpret_i64 (i64.const 0xfff4dead0000beef)) (f64.const 1))))
  (call $queue (i32.const 4096) (i32.const 48)))
