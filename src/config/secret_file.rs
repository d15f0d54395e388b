//! Secrets in files: read only where nobody else could have read or replaced them.
//!
//! A file must be regular, belong to this process's user or to root, and give nothing to group or others; its folder
//! must not be writable by others. A symbolic link is followed, as orchestrators mount secrets through links, and
//! judged by where it ends; the link must belong to this user or to root too. One exception: a file of root's that
//! its group may read is taken by a process that is not root, as it could not be read otherwise.

use super::problem::Problem;
use crate::domain::secret::SecretString;
use rustix::fs::{Mode, OFlags};
use std::{
    fs::{File, Metadata},
    io::Read as _,
    os::unix::fs::MetadataExt as _,
    path::Path,
};
use zeroize::Zeroizing;

/// A secret is at most this long, in bytes.
const MAX_BYTES: u64 = 64 * 1024;

/// Bits of a mode by which others than the owner may do anything.
const OTHERS: u32 = 0o077;
/// Bits by which others than the owner may write.
const OTHERS_WRITE: u32 = 0o022;
/// The bit of a folder in which only a file's owner may replace it.
const STICKY: u32 = 0o1000;

/// A secret on one line: one newline at its end is dropped, no other control character is taken.
///
/// # Errors
/// What is wrong with the file, naming it and `key`, never its content.
pub fn read_line(path: &Path, key: &str) -> Result<SecretString, Problem> {
    let text = read(path, key)?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    check_text(line, path, key, |_| false)?;
    Ok(SecretString::from(line.to_owned()))
}

/// A secret of several lines, such as a key in PEM.
///
/// # Errors
/// What is wrong with the file, naming it and `key`, never its content.
pub fn read_lines(path: &Path, key: &str) -> Result<SecretString, Problem> {
    let text = read(path, key)?;
    check_text(&text, path, key, |c| c == '\n')?;
    Ok(SecretString::from(text.as_str()))
}

/// Whether a folder of secrets is one where nobody else can put or replace files.
///
/// # Errors
/// What is wrong with the folder.
pub fn check_folder(path: &Path, key: &str) -> Result<(), Problem> {
    let metadata = std::fs::metadata(path).map_err(|error| unreadable(path, key, error.kind(), "700"))?;
    if !metadata.is_dir() {
        return Err(Problem::of_file(path, key, "is not a folder", "name the folder that holds the files"));
    }
    check_owner(&metadata, path, key)?;
    let mode = metadata.mode();
    if mode & OTHERS_WRITE != 0 && mode & STICKY == 0 {
        let remedy = format!("run `chmod go-w {}`", path.display());
        return Err(Problem::of_file(path, key, format!("is a folder that others can write ({})", show(mode)), remedy));
    }
    Ok(())
}

fn read(path: &Path, key: &str) -> Result<Zeroizing<String>, Problem> {
    let link = std::fs::symlink_metadata(path).map_err(|error| unreadable(path, key, error.kind(), "600"))?;
    check_owner(&link, path, key)?;
    for folder in folders(path) {
        check_folder(&folder, key)?;
    }
    // Not blocking: opening a pipe that nobody writes to would wait for ever.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = rustix::fs::open(path, flags, Mode::empty())
        .map_err(|error| unreadable(path, key, std::io::Error::from(error).kind(), "600"))?;
    let file = File::from(file);
    let metadata = file.metadata().map_err(|error| unreadable(path, key, error.kind(), "600"))?;
    check_file(&metadata, path, key)?;
    // With room for one byte more than the file has, the buffer never moves and leaves no copy behind.
    let mut text = Zeroizing::new(String::with_capacity(usize::try_from(metadata.len()).unwrap_or(0) + 1));
    let read = file.take(metadata.len()).read_to_string(&mut text);
    read.map_err(|_| Problem::of_file(path, key, "is not text in UTF-8", "write the secret as text"))?;
    Ok(text)
}

/// The folder that the path names and, where a link leads elsewhere, the folder where the file is.
fn folders(path: &Path) -> Vec<std::path::PathBuf> {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let canonical = std::fs::canonicalize(path).unwrap_or_else(|_| absolute.clone());
    let mut folders: Vec<_> =
        [&absolute, &canonical].iter().filter_map(|path| Some(path.parent()?.to_owned())).collect();
    folders.dedup();
    folders
}

fn check_file(metadata: &Metadata, path: &Path, key: &str) -> Result<(), Problem> {
    if !metadata.is_file() {
        return Err(Problem::of_file(path, key, "is not a regular file", "write the secret into a file of its own"));
    }
    check_owner(metadata, path, key)?;
    let mode = metadata.mode();
    let mounted_for_us = metadata.uid() == 0 && !user().is_root() && mode & OTHERS == 0o040;
    if mode & OTHERS != 0 && !mounted_for_us {
        let what = format!("can be used by others ({})", show(mode));
        return Err(Problem::of_file(path, key, what, format!("run `chmod 600 {}`", path.display())));
    }
    match metadata.len() {
        0 => Err(Problem::of_file(path, key, "is empty", "write the secret into it")),
        1..=MAX_BYTES => Ok(()),
        _ => Err(Problem::of_file(path, key, "is longer than 64 KiB", "name the file of the secret alone")),
    }
}

fn check_owner(metadata: &Metadata, path: &Path, key: &str) -> Result<(), Problem> {
    let user = user().as_raw();
    if metadata.uid() == user || metadata.uid() == 0 {
        return Ok(());
    }
    let (owner, file) = (metadata.uid(), path.display());
    // Often another user checks a configuration than the one who serves, to whom the files have to stay.
    let remedy = format!("run `chown {user} {file}`, or, where user {owner} serves, run this as that user");
    Err(Problem::of_file(path, key, format!("belongs to another user ({owner})"), remedy))
}

fn check_text(text: &str, path: &Path, key: &str, also: impl Fn(char) -> bool) -> Result<(), Problem> {
    if text.contains('\r') {
        let remedy = format!("run `sed -i 's/\\r$//' {}`", path.display());
        return Err(Problem::of_file(path, key, "has carriage returns at its line ends", remedy));
    }
    if text.trim().is_empty() {
        return Err(Problem::of_file(path, key, "is empty", "write the secret into it"));
    }
    if text.contains(|c: char| c.is_control() && !also(c)) {
        return Err(Problem::of_file(
            path,
            key,
            "has control characters or more than one line",
            "write the secret alone",
        ));
    }
    Ok(())
}

fn unreadable(path: &Path, key: &str, kind: std::io::ErrorKind, mode: &str) -> Problem {
    let path_text = path.display();
    if kind == std::io::ErrorKind::NotFound {
        let remedy = format!("create it and run `chmod {mode} {path_text}`");
        return Problem::of_file(path, key, "does not exist", remedy);
    }
    let remedy = format!("run `chown {} {path_text}` and `chmod {mode} {path_text}`", user().as_raw());
    Problem::of_file(path, key, format!("cannot be read: {kind}"), remedy)
}

fn user() -> rustix::process::Uid {
    rustix::process::geteuid()
}

fn show(mode: u32) -> String {
    format!("mode {:04o}", mode & 0o7777)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::secret::ExposeSecret as _;
    use std::{
        fs,
        os::unix::fs::{PermissionsExt as _, chown, symlink},
        path::PathBuf,
    };

    const CONTENT: &str = "canary-of-a-secret";

    struct Case {
        folder: tempfile::TempDir,
        path: PathBuf,
    }

    impl Case {
        fn new(content: &[u8]) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("password");
            fs::write(&path, content).unwrap();
            let case = Self { folder, path };
            case.mode(&case.path, 0o600);
            case
        }

        #[expect(clippy::unused_self, reason = "reads as a step of the case")]
        fn mode(&self, path: &Path, mode: u32) {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        }

        fn refusal(&self) -> String {
            let problem = read_line(&self.path, "smtp.password_file").unwrap_err().to_string();
            assert!(problem.contains("password") && problem.contains("smtp.password_file"), "{problem}");
            assert!(!problem.contains("canary"), "{problem}");
            problem
        }
    }

    #[test]
    fn a_private_file_is_read_and_its_newline_dropped() {
        for content in ["canary-of-a-secret", "canary-of-a-secret\n"] {
            let case = Case::new(content.as_bytes());
            assert_eq!(read_line(&case.path, "k").unwrap().expose_secret(), CONTENT);
        }
        let case = Case::new(b" two words \n");
        assert_eq!(read_line(&case.path, "k").unwrap().expose_secret(), " two words ");
    }

    #[test]
    fn a_file_that_others_may_use_is_refused() {
        for mode in [0o644, 0o640, 0o620, 0o602, 0o604, 0o777] {
            let case = Case::new(CONTENT.as_bytes());
            case.mode(&case.path, mode);
            let refusal = case.refusal();
            assert!(refusal.contains("chmod 600"), "{refusal}");
            assert!(refusal.contains(&format!("mode {mode:04o}")), "{refusal}");
        }
    }

    #[test]
    fn bad_content_is_refused() {
        let long = vec![b'x'; 70_000];
        let cases: [(&[u8], &str); 7] = [
            (b"", "is empty"),
            (b"\n", "is empty"),
            (b"canary\r\n", "carriage returns"),
            (b"canary\nanother\n", "more than one line"),
            (b"canary\0", "control characters"),
            (b"canary\xff", "UTF-8"),
            (&long, "longer than 64 KiB"),
        ];
        for (content, what) in cases {
            let refusal = Case::new(content).refusal();
            assert!(refusal.contains(what), "{refusal}");
        }
    }

    #[test]
    fn a_missing_file_a_folder_and_a_pipe_are_refused() {
        let case = Case::new(CONTENT.as_bytes());
        fs::remove_file(&case.path).unwrap();
        assert!(case.refusal().contains("does not exist; create it and run `chmod 600"));
        fs::create_dir(&case.path).unwrap();
        assert!(case.refusal().contains("not a regular file"));
        fs::remove_dir(&case.path).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, &case.path, rustix::fs::FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)
            .unwrap();
        assert!(case.refusal().contains("not a regular file"));
    }

    #[test]
    fn a_folder_that_others_can_write_is_refused_unless_only_owners_may_replace() {
        let case = Case::new(CONTENT.as_bytes());
        case.mode(case.folder.path(), 0o777);
        assert!(case.refusal().contains("chmod go-w"));
        case.mode(case.folder.path(), 0o1777);
        assert!(read_line(&case.path, "k").is_ok());
    }

    #[test]
    fn a_link_is_judged_by_where_it_ends() {
        let case = Case::new(CONTENT.as_bytes());
        let elsewhere = tempfile::tempdir().unwrap();
        let target = elsewhere.path().join("password");
        fs::rename(&case.path, &target).unwrap();
        symlink(&target, &case.path).unwrap();
        assert!(read_line(&case.path, "k").is_ok());
        case.mode(&target, 0o644);
        assert!(case.refusal().contains("chmod 600"));
        case.mode(&target, 0o600);
        case.mode(elsewhere.path(), 0o777);
        assert!(case.refusal().contains("chmod go-w"));
        fs::remove_file(&target).unwrap();
        assert!(case.refusal().contains("does not exist"));
    }

    #[test]
    fn a_file_or_link_of_another_user_is_refused() {
        if !user().is_root() {
            return;
        }
        let case = Case::new(CONTENT.as_bytes());
        chown(&case.path, Some(12_345), None).unwrap();
        assert!(case.refusal().contains("belongs to another user (12345); run `chown 0"));
    }

    #[test]
    fn several_lines_are_for_keys() {
        let case = Case::new(b"-----BEGIN-----\nabc\n-----END-----\n");
        assert!(read_line(&case.path, "k").is_err());
        assert!(read_lines(&case.path, "k").unwrap().expose_secret().ends_with("-----END-----\n"));
        let case = Case::new(b"-----BEGIN-----\r\nabc\r\n");
        assert!(read_lines(&case.path, "k").is_err());
    }
}
