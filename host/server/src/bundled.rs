//! The plugins that every host has.

/// Each bundled plugin's name and component.
pub const BUNDLED: [(&str, &[u8]); 2] = [
    ("next-in-line", include_bytes!("../../../plugins/prebuilt/next-in-line.wasm")),
    ("territory", include_bytes!("../../../plugins/prebuilt/territory.wasm")),
];
