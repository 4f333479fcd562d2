//! The county of the demonstration, 五华县 (441424), as files in the program. Partly constructed: see
//! `data/wuhua/README.md`.
use domain::id::Region;

/// Its region.
pub const WUHUA_REGION: Region = Region(441_424);

macro_rules! files {
    ($($name:literal),+) => { &[$(($name, include_bytes!(concat!("../data/wuhua/", $name)) as &[u8]),)+] };
}

/// Name and content of each file, ready for [`crate::import`].
pub const WUHUA: &[(&str, &[u8])] =
    files!["sites.csv", "departments.json", "legs.csv", "items.csv", "cn-workdays-2023-2026.json"];
