;; Hands text over in another encoding than the contract's.
(component
  (core module $m
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0))
    (func (export "decide") (param i32 i32)))
  (core instance $i (instantiate $m))
  (func $decide (param "settings" string)
    (canon lift (core func $i "decide") string-encoding=utf16
      (memory (core memory $i "memory")) (realloc (core func $i "realloc"))))
  (instance $rule (export "decide" (func $decide)))
  (export "rota:routing/rule@0.1.0" (instance $rule)))
