;; Wants the environment of the host.
(component (import "wasi:cli/environment@0.2.0" (instance)))
