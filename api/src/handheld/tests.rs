//! The lists are the folders, others' files are as they came, and nothing of the page is forgotten.
use super::*;
use std::collections::BTreeSet;
use std::path::PathBuf;

fn assets() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("assets")
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn every_file_of_the_folder_is_served() {
    let entries = std::fs::read_dir(assets().join("handheld")).unwrap();
    let found: BTreeSet<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let listed: BTreeSet<String> = FILES.iter().map(|file| file.name.to_owned()).collect();
    assert_eq!(found, listed);
}

#[test]
fn what_others_wrote_is_as_it_came() {
    let list = std::fs::read_to_string(assets().join("vendor/vendor.json")).unwrap();
    let list: Vec<serde_json::Value> = serde_json::from_str(&list).unwrap();
    let mut named = BTreeSet::new();
    for package in &list {
        let folder = format!("{}-{}", package["name"].as_str().unwrap(), package["version"].as_str().unwrap());
        assert!(package["licence"].is_string() && package["source"].is_string(), "{folder}");
        assert!(assets().join("vendor").join(&folder).join("LICENSE").exists(), "{folder} has no licence text");
        for (file, wanted) in package["sha256"].as_object().unwrap() {
            let name = format!("{folder}/{file}");
            let bytes = std::fs::read(assets().join("vendor").join(&name)).unwrap();
            assert_eq!(hash(&bytes), wanted.as_str().unwrap(), "{name} is not the file that was published");
            named.insert(name);
        }
    }
    let served: BTreeSet<String> = VENDOR.iter().map(|file| file.name.to_owned()).collect();
    assert_eq!(served, named);
}

#[test]
fn what_is_compressed_is_the_same() {
    for file in VENDOR {
        let Some(brotli) = file.brotli else { continue };
        let mut bytes = Vec::new();
        brotli_decompressor::BrotliDecompress(&mut &*brotli, &mut bytes).unwrap();
        assert!(bytes == file.bytes, "{}: run brotli -q 11 again", file.name);
    }
}

#[test]
fn nothing_is_fetched_from_elsewhere_and_no_gap_is_left() {
    for (name, text) in [("page", &VERSION.page), ("worker", &VERSION.worker)] {
        assert!(!text.contains("{{"), "{name}");
        assert!(text.contains(&VERSION.hash), "{name}");
    }
    for file in FILES.iter().filter(|file| file.name.ends_with(".js") || file.name.ends_with(".html")) {
        let text = String::from_utf8_lossy(file.bytes);
        assert!(!text.contains("https://") && !text.contains("http://"), "{} names an address", file.name);
    }
}

#[test]
fn a_module_is_short_and_says_first_what_it_holds() {
    for file in FILES.iter().filter(|file| file.name.ends_with(".js")) {
        let text = String::from_utf8_lossy(file.bytes);
        assert!(text.starts_with("// "), "{} has no comment in its first line", file.name);
        let is_table = file.name.starts_with("words-");
        let lines = text.lines().count();
        assert!(lines <= 400 || is_table, "{} has {lines} lines", file.name);
    }
}
