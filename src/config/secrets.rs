//! `[secrets]`: the folder of the service's own keys.
//!
//! | name | holds |
//! |---|---|
//! | `peppers/`, `sealing/`, `refresh/` | rings: each file one key of 256 bits, its name the key's id, the last name newest |
//! | `index-key` | the key of the blind index; it cannot rotate |
//! | `signing-keys/` | private keys in PKCS#8 PEM, `*.pem`, the last name newest |
//! | `admin-token` | what operators present, at least 32 characters |

use super::{
    network,
    problem::{Problem, Problems, because},
    reader::Section,
    secret_file,
};
use crate::domain::{
    keyring::{KeyId, KeyRing},
    secret::{ExposeSecret as _, Secret32, SecretString, secret32},
};
use base64::{
    Engine as _,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use std::{
    collections::BTreeMap,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};
use zeroize::Zeroize as _;

/// The section.
#[derive(Clone, Debug)]
pub struct SecretsFolder {
    /// The folder.
    pub directory: PathBuf,
}

/// The service's own keys, read.
#[derive(Debug)]
pub struct ServiceKeys {
    /// Peppers of code hashes.
    pub peppers: KeyRing,
    /// Keys that seal values at rest.
    pub sealing: KeyRing,
    /// Keys that derive refresh tokens.
    pub refresh: KeyRing,
    /// The key of the blind index.
    pub index: Secret32,
    /// Private keys that sign access tokens, by file, oldest first; at least one. Their PEM has not been parsed.
    pub signing: Vec<(PathBuf, SecretString)>,
    /// What operators present.
    pub admin_token: SecretString,
}

/// What a change of any key file changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stamp(Vec<(PathBuf, u64, i64, i64, u64)>);

impl Stamp {
    /// The state of files now. What cannot be read is left out.
    #[must_use]
    pub fn of(files: impl Iterator<Item = PathBuf>) -> Self {
        let state = |path: PathBuf| {
            let metadata = std::fs::metadata(&path).ok()?;
            Some((path, metadata.ino(), metadata.ctime(), metadata.ctime_nsec(), metadata.len()))
        };
        Self(files.filter_map(state).collect())
    }
}

pub(super) fn read(section: &mut Section<'_>) -> Option<SecretsFolder> {
    network::need_path(section, "directory", "the path of the folder of keys")
        .map(|directory| SecretsFolder { directory })
}

impl SecretsFolder {
    /// The rings, by the names of their folders.
    pub const RINGS: [&'static str; 3] = ["peppers", "sealing", "refresh"];
    /// The key of the blind index.
    pub const INDEX: &'static str = "index-key";
    /// The folder of signing keys.
    pub const SIGNING: &'static str = "signing-keys";
    /// The operators' token.
    pub const ADMIN_TOKEN: &'static str = "admin-token";

    /// Reads every key.
    ///
    /// # Errors
    /// Everything that is wrong with the files, at once.
    pub fn load(&self) -> Result<ServiceKeys, Problems> {
        let mut problems = Vec::new();
        if let Err(problem) = secret_file::check_folder(&self.directory, "secrets.directory") {
            return Err(problem.into());
        }
        let [peppers, sealing, refresh] = Self::RINGS.map(|name| self.ring(name, &mut problems));
        let index = keep(read_key(&self.directory.join(Self::INDEX)), &mut problems);
        let signing = self.signing(&mut problems);
        let admin_token = keep(read_token(&self.directory.join(Self::ADMIN_TOKEN)), &mut problems);
        match (peppers, sealing, refresh, index, signing, admin_token) {
            (Some(peppers), Some(sealing), Some(refresh), Some(index), Some(signing), Some(admin_token))
                if problems.is_empty() =>
            {
                Ok(ServiceKeys { peppers, sealing, refresh, index, signing, admin_token })
            }
            _ => Err(Problems(problems)),
        }
    }

    /// The state of the files, to be compared with a later one. What cannot be read is left out.
    #[must_use]
    pub fn stamp(&self) -> Stamp {
        let folders = Self::RINGS.iter().chain([&Self::SIGNING]).map(|name| self.directory.join(name));
        let files = folders.flat_map(|folder| entries(&folder).unwrap_or_default());
        let singles = [Self::INDEX, Self::ADMIN_TOKEN].map(|name| self.directory.join(name));
        Stamp::of(files.chain(singles))
    }

    fn ring(&self, name: &str, problems: &mut Vec<Problem>) -> Option<KeyRing> {
        let folder = self.directory.join(name);
        let mut keys = BTreeMap::new();
        for path in self.folder(&folder, problems)? {
            let name = path.file_name().and_then(|name| name.to_str()).and_then(KeyId::new);
            let Some(id) = name else {
                let remedy = "name it with 1 to 64 of a-z, 0-9, \"-\", \"_\" and \".\", such as a date";
                problems.push(Problem::of_file(&path, "secrets.directory", "has a name that is no key id", remedy));
                continue;
            };
            keys.extend(keep(read_key(&path), problems).map(|key| (id, key)));
        }
        let ring = KeyRing::new(keys);
        if ring.is_none() {
            let remedy = format!("run `openssl rand -hex 32 > {}/1` with umask 077", folder.display());
            problems.push(Problem::of_file(&folder, "secrets.directory", "holds no usable key", remedy));
        }
        ring
    }

    fn signing(&self, problems: &mut Vec<Problem>) -> Option<Vec<(PathBuf, SecretString)>> {
        let folder = self.directory.join(Self::SIGNING);
        let files = self.folder(&folder, problems)?;
        let keys: Vec<_> = files
            .into_iter()
            .filter(|path| path.extension().is_some_and(|extension| extension == "pem"))
            .filter_map(|path| {
                keep(secret_file::read_lines(&path, "secrets.directory"), problems).map(|pem| (path, pem))
            })
            .collect();
        if keys.is_empty() {
            let remedy = format!(
                "run `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out {}/1.pem` with umask 077",
                folder.display()
            );
            problems.push(Problem::of_file(&folder, "secrets.directory", "holds no usable key", remedy));
            return None;
        }
        Some(keys)
    }

    #[expect(clippy::unused_self, reason = "a folder of this folder")]
    fn folder(&self, folder: &Path, problems: &mut Vec<Problem>) -> Option<Vec<PathBuf>> {
        keep(secret_file::check_folder(folder, "secrets.directory"), problems)?;
        let listed = entries(folder).map_err(|error| {
            let what = format!("cannot be listed: {}", because(&error));
            Problem::of_file(folder, "secrets.directory", what, format!("run `chmod 700 {}`", folder.display()))
        });
        keep(listed, problems)
    }
}

/// The files of a folder in the order of their names. Names that begin with a dot are an orchestrator's or an editor's.
fn entries(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

fn keep<T>(result: Result<T, Problem>, problems: &mut Vec<Problem>) -> Option<T> {
    result.map_err(|problem| problems.push(problem)).ok()
}

fn read_key(path: &Path) -> Result<Secret32, Problem> {
    let text = secret_file::read_line(path, "secrets.directory")?;
    decode_key(text.expose_secret()).ok_or_else(|| {
        let remedy = format!("run `openssl rand -hex 32 > {}` with umask 077", path.display());
        Problem::of_file(path, "secrets.directory", "is not 256 bits in hexadecimal or base64", remedy)
    })
}

/// 64 hexadecimal digits, or base64 of 32 bytes in either alphabet.
fn decode_key(text: &str) -> Option<Secret32> {
    let mut bytes = [0; 32];
    let complete = if text.len() == 64 {
        decode_hex(text, &mut bytes)
    } else {
        let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
        [STANDARD, URL_SAFE].iter().any(|alphabet| {
            GeneralPurpose::new(alphabet, config).decode_slice(text, &mut bytes).is_ok_and(|length| length == 32)
        })
    };
    let key = complete.then(|| secret32(bytes));
    bytes.zeroize();
    key
}

fn decode_hex(text: &str, bytes: &mut [u8; 32]) -> bool {
    let digits = text.as_bytes().as_chunks::<2>().0;
    digits.iter().zip(bytes).all(|(pair, byte)| {
        let digit = |c: u8| char::from(c).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        digit(pair[0]).zip(digit(pair[1])).is_some_and(|(high, low)| {
            *byte = high << 4 | low;
            true
        })
    })
}

fn read_token(path: &Path) -> Result<SecretString, Problem> {
    let token = secret_file::read_line(path, "secrets.directory")?;
    let text = token.expose_secret();
    // What may stand behind `Bearer` (RFC 6750 section 2.1).
    let permitted = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=');
    if text.len() < 32 || text.len() > 256 || !text.bytes().all(permitted) {
        let remedy = format!("run `openssl rand -hex 32 > {}` with umask 077", path.display());
        let what = "is not a token of 32 to 256 of A-Z a-z 0-9 - . _ ~ + / =";
        return Err(Problem::of_file(path, "secrets.directory", what, remedy));
    }
    Ok(token)
}

#[cfg(test)]
mod tests;
