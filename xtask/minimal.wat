;; The minimal module: the lowest cost of a WebAssembly filter for this purpose.
;;
;; It makes the same check and sends the same reply as the filter does by default:
;; `GET` on /load-balancer/health-check (up to the first `?` or `#`) passes, and any
;; other request is answered 503. An empty plugin configuration switches it off, any
;; other switches it on. It lacks what a filter needs in production: settings and
;; their errors, metrics, log lines, and several configurations in one VM.
(module
  (import "env" "proxy_get_header_map_value"
    (func $get_header (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_send_local_response"
    (func $send (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))

  (memory (export "memory") 4)
  (data (i32.const 64) ":path")
  (data (i32.const 80) ":method")
  (data (i32.const 96) "/load-balancer/health-check")
  (data (i32.const 128) "maintenance_mode")
  ;; Three headers, serialized as in the ABI: their number, the lengths, the texts.
  (data (i32.const 256)
    "\03\00\00\00"
    "\0b\00\00\00" "\02\00\00\00"
    "\0c\00\00\00" "\10\00\00\00"
    "\0d\00\00\00" "\08\00\00\00"
    "retry-after\00" "60\00"
    "content-type\00" "application/json\00"
    "cache-control\00" "no-store\00")
  (data (i32.const 512)
    "{\22error\22:\22maintenance\22,\22message\22:\22The service is down for maintenance. Please retry later.\22}")

  (global $on (mut i32) (i32.const 0))
  ;; Next free address for values that the host passes. Each request starts again.
  (global $next (mut i32) (i32.const 1024))

  (func (export "proxy_abi_version_0_2_1"))

  (func (export "malloc") (param $size i32) (result i32)
    (global.get $next)
    (global.set $next (i32.add (global.get $next) (local.get $size))))

  (func (export "proxy_on_configure") (param $root i32) (param $size i32) (result i32)
    (global.set $on (i32.ne (local.get $size) (i32.const 0)))
    (i32.const 1))

  ;; Gets a header: stores the address of its value at 16, and the length at 20.
  (func $header (param $name i32) (param $size i32)
    (i64.store (i32.const 16) (i64.const 0))
    (drop (call $get_header
      (i32.const 0) (local.get $name) (local.get $size) (i32.const 16) (i32.const 20))))

  (func $equal (param $a i32) (param $b i32) (param $size i32) (result i32)
    (block $differ
      (loop $next
        (if (i32.eqz (local.get $size)) (then (return (i32.const 1))))
        (br_if $differ (i32.ne (i32.load8_u (local.get $a)) (i32.load8_u (local.get $b))))
        (local.set $a (i32.add (local.get $a) (i32.const 1)))
        (local.set $b (i32.add (local.get $b) (i32.const 1)))
        (local.set $size (i32.sub (local.get $size) (i32.const 1)))
        (br $next)))
    (i32.const 0))

  ;; Returns the length of the path up to the first `?` or `#`.
  (func $without_query (param $path i32) (param $size i32) (result i32)
    (local $at i32) (local $byte i32)
    (block $end
      (loop $next
        (br_if $end (i32.ge_u (local.get $at) (local.get $size)))
        (local.set $byte (i32.load8_u (i32.add (local.get $path) (local.get $at))))
        (br_if $end (i32.eq (local.get $byte) (i32.const 63)))
        (br_if $end (i32.eq (local.get $byte) (i32.const 35)))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next)))
    (local.get $at))

  (func $exempt (result i32)
    (call $header (i32.const 64) (i32.const 5))
    (if (i32.ne (i32.const 27)
          (call $without_query (i32.load (i32.const 16)) (i32.load (i32.const 20))))
      (then (return (i32.const 0))))
    (if (i32.eqz (call $equal (i32.load (i32.const 16)) (i32.const 96) (i32.const 27)))
      (then (return (i32.const 0))))
    (call $header (i32.const 80) (i32.const 7))
    (if (i32.ne (i32.load (i32.const 20)) (i32.const 3)) (then (return (i32.const 0))))
    (i32.and
      (i32.eq (i32.load16_u (i32.load (i32.const 16))) (i32.const 0x4547)) ;; GE
      (i32.eq (i32.load8_u offset=2 (i32.load (i32.const 16))) (i32.const 0x54)))) ;; T

  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (if (i32.eqz (global.get $on)) (then (return (i32.const 0))))
    (global.set $next (i32.const 1024))
    (if (call $exempt) (then (return (i32.const 0))))
    (drop (call $send
      (i32.const 503)
      (i32.const 128) (i32.const 16)
      (i32.const 512) (i32.const 92)
      (i32.const 256) (i32.const 96)
      (i32.const -1)))
    (i32.const 1)))
