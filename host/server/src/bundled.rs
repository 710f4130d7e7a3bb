//! The plugins that every host has.

/// Each bundled plugin's name and component.
pub const BUNDLED: [(&str, &[u8]); 5] = [
    ("inbound-outbound", include_bytes!("../../../plugins/prebuilt/inbound-outbound.wasm")),
    ("next-in-line", include_bytes!("../../../plugins/prebuilt/next-in-line.wasm")),
    ("postal-codes", include_bytes!("../../../plugins/prebuilt/postal-codes.wasm")),
    ("territory", include_bytes!("../../../plugins/prebuilt/territory.wasm")),
    ("first-claim", include_bytes!("../../../plugins/prebuilt/first-claim.wasm")),
];
