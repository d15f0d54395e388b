use super::*;
use std::{fs, os::unix::fs::PermissionsExt as _};

const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

fn put(path: &Path, content: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

fn folder() -> (tempfile::TempDir, SecretsFolder) {
    let folder = tempfile::tempdir().unwrap();
    let secrets = SecretsFolder { directory: folder.path().to_owned() };
    for ring in SecretsFolder::RINGS {
        put(&folder.path().join(ring).join("2026-01-01"), KEY);
    }
    put(&folder.path().join("index-key"), KEY);
    put(&folder.path().join("signing-keys/1.pem"), "-----BEGIN PRIVATE KEY-----\n");
    put(&folder.path().join("admin-token"), KEY);
    (folder, secrets)
}

#[test]
fn the_last_name_is_the_newest_key_and_dotfiles_are_not_keys() {
    let (folder, secrets) = folder();
    put(&folder.path().join("peppers/2026-02-01"), "ABEiM0RVZneImaq7zN3u/wARIjNEVWZ3iJmqu8zd7v8=\n");
    put(&folder.path().join("peppers/.2026-03-01.swp"), "rubbish");
    let keys = secrets.load().unwrap();
    assert_eq!(keys.peppers.newest_id().as_str(), "2026-02-01");
    assert_eq!(keys.peppers.iter().count(), 2);
    // Both spell the same 32 bytes.
    let ids: Vec<_> = keys.peppers.iter().map(|(_, key)| *key.expose_secret()).collect();
    assert_eq!(ids[0], ids[1]);
}

#[test]
fn all_faults_are_told_at_once_and_no_content() {
    let (folder, secrets) = folder();
    put(&folder.path().join("peppers/2026-01-01"), "canary, too short");
    put(&folder.path().join("sealing/BAD NAME"), KEY);
    fs::remove_file(folder.path().join("index-key")).unwrap();
    fs::remove_file(folder.path().join("signing-keys/1.pem")).unwrap();
    put(&folder.path().join("admin-token"), "canary");
    let told = secrets.load().unwrap_err().to_string();
    for what in [
        "peppers/2026-01-01: secrets.directory: is not 256 bits",
        "peppers: secrets.directory: holds no usable key",
        "sealing/BAD NAME: secrets.directory: has a name that is no key id",
        "index-key: secrets.directory: does not exist",
        "signing-keys: secrets.directory: holds no usable key",
        "admin-token: secrets.directory: is not a token",
    ] {
        assert!(told.contains(what), "{what} in {told}");
    }
    assert!(!told.contains("canary") && !told.contains(KEY), "{told}");
}

#[test]
fn the_stamp_changes_with_any_file() {
    let (folder, secrets) = folder();
    let before = secrets.stamp();
    assert_eq!(before, secrets.stamp());
    put(&folder.path().join("refresh/2026-02-01"), KEY);
    assert_ne!(before, secrets.stamp());
}

#[test]
fn keys_are_256_bits() {
    for bad in ["", "00", &KEY[1..], &format!("{KEY}0"), &KEY.replace('0', "g"), "AAAA", &"A".repeat(42)] {
        assert!(decode_key(bad).is_none(), "{bad}");
    }
    assert!(decode_key(&"A".repeat(43)).is_some());
    assert!(decode_key(&KEY.to_uppercase()).is_some());
}
