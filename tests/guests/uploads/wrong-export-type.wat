;; Exports the right name with another type behind it.
(component
  (core module $m (func (export "decide") (result i32) (i32.const 0)))
  (core instance $i (instantiate $m))
  (func $decide (result u32) (canon lift (core func $i "decide")))
  (instance $rule (export "decide" (func $decide)))
  (export "rota:routing/rule@0.1.0" (instance $rule)))
