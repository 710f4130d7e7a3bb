;; What every guest begins with: the world `router` as a core module sees it, an allocator,
;; and words for the common answers. A guest adds `$decide`, which returns where its answer
;; is; bytes from 4096 on are its own. The memory comes from the test.
;;
;; Results of the host are written where the last argument says, `$back` in most guests.
(import "rota:routing/lead@0.1.0" "text" (func $lead.text (param i32 i32 i32)))
(import "rota:routing/lead@0.1.0" "number" (func $lead.number (param i32 i32 i32)))
(import "rota:routing/lead@0.1.0" "flag" (func $lead.flag (param i32 i32 i32)))
(import "rota:routing/lead@0.1.0" "time" (func $lead.time (param i32 i32 i32)))
(import "rota:routing/lead@0.1.0" "several" (func $lead.several (param i32 i32 i32)))
(import "rota:routing/lead@0.1.0" "source-class" (func $lead.source-class (param i32)))
(import "rota:routing/lead@0.1.0" "record-owner" (func $lead.record-owner (param i32)))
(import "rota:routing/lead@0.1.0" "company-text" (func $lead.company-text (param i32 i32 i32)))
(import "rota:routing/lead@0.1.0" "company-number" (func $lead.company-number (param i32 i32 i32)))
(import "rota:routing/lead@0.1.0" "company-owner" (func $lead.company-owner (param i32)))
(import "rota:routing/lead@0.1.0" "history" (func $lead.history (param i32 i32)))
(import "rota:routing/lead@0.1.0" "prior-owner" (func $lead.prior-owner (param i32 i32 i32)))
(import "rota:routing/rep-pool@0.1.0" "open" (func $pool.open (param i32 i32 i32)))
(import "rota:routing/rep-pool@0.1.0" "members" (func $pool.members (param i32 i32)))
(import "rota:routing/rep-pool@0.1.0" "next" (func $pool.next (param i32 i32 i32 i32 i32 i32)))
(import "rota:routing/rep-pool@0.1.0" "find-by-email" (func $pool.find-by-email (param i32 i32 i32)))
(import "rota:routing/rep-pool@0.1.0" "find-by-owner" (func $pool.find-by-owner (param i32 i32 i32)))
(import "rota:routing/rep-pool@0.1.0" "available" (func $pool.available (param i32) (result i32)))
(import "rota:routing/rep-pool@0.1.0" "attribute" (func $pool.attribute (param i32 i32 i32 i32)))
(import "rota:routing/rep-pool@0.1.0" "tags" (func $pool.tags (param i32 i32)))
(import "rota:routing/rep-pool@0.1.0" "has-tag" (func $pool.has-tag (param i32 i32 i32) (result i32)))
(import "rota:routing/tables@0.1.0" "open" (func $tables.open (param i32 i32 i32)))
(import "rota:routing/tables@0.1.0" "look-up" (func $tables.look-up (param i32 i32 i32 i32)))
(import "rota:routing/calendar@0.1.0" "is-open" (func $calendar.is-open (param i32 i32 f64 i32)))
(import "rota:routing/calendar@0.1.0" "add-business-minutes" (func $calendar.add (param i32 i32 f64 i32 i32)))
(import "rota:routing/state@0.1.0" "counter" (func $state.counter (param i32 i32 i32)))
(import "rota:routing/state@0.1.0" "add" (func $state.add (param i32 i32 i32 i32)))
(import "rota:routing/effects@0.1.0" "set-property" (func $effects.set-property (param i32 i32 i32 i32 i32)))
(import "rota:routing/effects@0.1.0" "task" (func $effects.task (param i32 i32 i32 i32 i32 f64 i32)))
(import "rota:routing/effects@0.1.0" "note" (func $effects.note (param i32 i32 i32)))
(import "rota:routing/effects@0.1.0" "notify" (func $effects.notify (param i32 i32 i32 i32 i32)))
(import "rota:routing/effects@0.1.0" "response-target" (func $effects.response-target (param i32 i32 i32 i32 i32)))
(import "rota:routing/explain@0.1.0" "note" (func $explain.note (param i32 i32 i32 i32)))
(import "rota:routing/log@0.1.0" "line" (func $log.line (param i32 i32 i32)))

(global $now (mut f64) (f64.const 0))
(global $settings (mut i32) (i32.const 0))
(global $settings-len (mut i32) (i32.const 0))
;; Where the host may write a result: 64 bytes.
(global $back i32 (i32.const 64))
;; Where the answer is: zeros, which read as `ok(assign(0, "", ""))`.
(global $answer i32 (i32.const 128))
;; What is free for the allocator: the second page and all above.
(global $free (mut i32) (i32.const 65536))
;; `na` at 1024, `eu` at 1026, `one` at 1028, `two` at 1031.
(data (i32.const 1024) "naeuonetwo")

;; Where the allocator says that everything is, once a guest has decided to lie.
(global $lie (mut i32) (i32.const -1))

(func (export "cabi_realloc") (param $old i32) (param $old-size i32) (param $align i32) (param $size i32) (result i32)
  (local $place i32)
  (if (i32.ne (global.get $lie) (i32.const -1)) (then (return (global.get $lie))))
  (local.set $place (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
  (global.set $free (i32.add (local.get $place) (local.get $size)))
  (local.get $place))

(func (export "rota:routing/rule@0.1.0#decide")
  (param $at f64) (param $seed i32) (param $trigger i32) (param $trigger-len i32) (param $attempt i32)
  (param $mode i32) (param $mode-len i32) (param $given i32) (param $given-len i32) (result i32)
  (global.set $now (local.get $at))
  (global.set $settings (local.get $given))
  (global.set $settings-len (local.get $given-len))
  (call $decide))

;; Give the lead to this rep.
(func $assign (param $rep i32) (result i32)
  (i32.store offset=8 (global.get $answer) (local.get $rep))
  (global.get $answer))

;; Put the lead into the queue of this name.
(func $queue (param $name i32) (param $len i32) (result i32)
  (i32.store8 offset=4 (global.get $answer) (i32.const 2))
  (i32.store offset=8 (global.get $answer) (local.get $name))
  (i32.store offset=12 (global.get $answer) (local.get $len))
  (global.get $answer))

;; No opinion.
(func $pass (result i32)
  (i32.store8 offset=4 (global.get $answer) (i32.const 4))
  (global.get $answer))

;; Whose turn it is in the pool of this name.
(func $next (param $name i32) (param $len i32) (result i32)
  (call $pool.open (local.get $name) (local.get $len) (global.get $back))
  (call $pool.next (i32.load offset=4 (global.get $back)) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
    (global.get $back))
  (i32.load offset=4 (global.get $back)))
