//! The handheld's files, compiled in. A test compares this list with the folders, and what others wrote with the hashes in
//! `api/assets/vendor/vendor.json`.

/// A file.
pub(super) struct File {
    pub name: &'static str,
    pub kind: &'static str,
    pub bytes: &'static [u8],
    /// The same in brotli, where that pays.
    pub brotli: Option<&'static [u8]>,
    /// Needed before the first scan: fetched at once, not one after the other as modules name each other.
    pub at_start: bool,
}

impl File {
    /// Whether it is served below the version's hash; the page and its worker are not.
    pub fn is_part(&self) -> bool {
        !matches!(self.name, "index.html" | "sw.js")
    }
}

macro_rules! script {
    ($name:literal, $at_start:literal) => {
        File {
            name: $name,
            kind: "text/javascript; charset=utf-8",
            bytes: include_bytes!(concat!("../../assets/handheld/", $name)),
            brotli: None,
            at_start: $at_start,
        }
    };
}

macro_rules! other {
    ($name:literal, $kind:literal) => {
        File {
            name: $name,
            kind: $kind,
            bytes: include_bytes!(concat!("../../assets/handheld/", $name)),
            brotli: None,
            at_start: false,
        }
    };
}

/// Ours. `sheets.js`, `camera.js`, the words of a language and the decoder's worker are loaded when they are wanted.
pub(super) static FILES: &[File] = &[
    other!("index.html", "text/html; charset=utf-8"),
    other!("style.css", "text/css; charset=utf-8"),
    other!("manifest.webmanifest", "application/manifest+json"),
    other!("icon-192.png", "image/png"),
    other!("icon-512.png", "image/png"),
    script!("app.js", true),
    script!("bag.js", true),
    script!("camera.js", false),
    script!("clock.js", true),
    script!("code.js", true),
    script!("contact.js", true),
    script!("decode-worker.js", false),
    script!("dom.js", true),
    script!("door.js", true),
    script!("ids.js", true),
    script!("known.js", true),
    script!("later.js", true),
    script!("lens.js", true),
    script!("main.js", true),
    script!("notices.js", true),
    script!("queue.js", true),
    script!("reading.js", true),
    script!("rules.js", true),
    script!("screen.js", true),
    script!("send.js", true),
    script!("sheets.js", false),
    script!("shift.js", true),
    script!("situation.js", true),
    script!("sound.js", true),
    script!("stop.js", true),
    script!("store.js", true),
    script!("sw.js", false),
    script!("update.js", true),
    script!("wedge.js", true),
    script!("words-en.js", false),
    script!("words-zh.js", false),
    script!("words.js", true),
];

/// Of others, as they came.
pub(super) static VENDOR: &[File] = &[
    File {
        name: "idb-8.0.4/index.js",
        kind: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../../assets/vendor/idb-8.0.4/index.js"),
        brotli: None,
        at_start: true,
    },
    File {
        name: "zxing-wasm-3.1.4/reader.js",
        kind: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../../assets/vendor/zxing-wasm-3.1.4/reader.js"),
        brotli: None,
        at_start: false,
    },
    File {
        name: "zxing-wasm-3.1.4/zxing_reader.wasm",
        kind: "application/wasm",
        bytes: include_bytes!("../../assets/vendor/zxing-wasm-3.1.4/zxing_reader.wasm"),
        brotli: Some(include_bytes!("../../assets/vendor/zxing-wasm-3.1.4/zxing_reader.wasm.br")),
        at_start: false,
    },
];
