//! `[templates]`: the operator's own templates of messages, in a folder.

use super::{
    network,
    problem::{Problem, Problems, because},
    reader::Section,
};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// A template may be this long.
const MAX_BYTES: u64 = 64 * 1024;

/// A folder may have so many.
const MAX_FILES: usize = 1000;

/// The key that names the folder.
pub const KEY: &str = "templates.directory";

/// Reads the section.
#[expect(clippy::option_option, reason = "the outer tells whether it could be read, the inner whether it is there")]
pub(super) fn read(section: &mut Section<'_>) -> Option<Option<PathBuf>> {
    network::path(section, "directory", "the path of a folder of templates").optional()
}

/// Every file in a folder of templates and in the folders of languages within it, as its path within the folder and its
/// text. What begins with a dot is passed over: it belongs to whoever mounts or edits the folder.
///
/// # Errors
/// Everything that cannot be read, at once.
pub fn load(folder: &Path) -> Result<Vec<(String, String)>, Problems> {
    let (mut files, mut problems) = (Vec::new(), Vec::new());
    let names = match names(folder) {
        Ok(names) => names,
        Err(error) => {
            let what = format!("cannot be read: {}", because(&error));
            return Err(Problem::of_file(folder, KEY, what, "name a folder that this user can read").into());
        }
    };
    for name in names {
        match text(&folder.join(&name)) {
            Ok(text) => files.push((name, text)),
            Err((what, remedy)) => problems.push(Problem::of_file(&folder.join(&name), KEY, what, remedy)),
        }
    }
    if problems.is_empty() { Ok(files) } else { Err(Problems(problems)) }
}

/// The paths of the files within the folder, two levels deep, in their order.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for (name, path) in entries(folder)? {
        if path.is_dir() {
            names.extend(entries(&path)?.into_iter().map(|(within, _)| format!("{name}/{within}")));
        } else {
            names.push(name);
        }
        if names.len() > MAX_FILES {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
    }
    names.sort();
    Ok(names)
}

fn entries(folder: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // A name that is no text is no template's name, and is told as such.
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') {
            entries.push((name, entry.path()));
        }
    }
    Ok(entries)
}

fn text(path: &Path) -> Result<String, (String, &'static str)> {
    let fault = |error: io::Error| (format!("cannot be read: {}", because(&error)), "mend or remove the file");
    let about = fs::metadata(path).map_err(fault)?;
    if !about.is_file() {
        return Err((
            "is not a file".to_owned(),
            "keep templates in the folder itself and in folders of languages alone",
        ));
    }
    if about.len() > MAX_BYTES {
        return Err(("is longer than 64 KiB".to_owned(), "keep to templates"));
    }
    fs::read_to_string(path).map_err(fault)
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{SMALLEST, parse},
        *,
    };

    #[test]
    fn a_folder_is_named_or_not() {
        assert_eq!(parse(SMALLEST).unwrap().templates, None);
        let config = parse(&format!("{SMALLEST}[templates]\ndirectory = \"mine\"\n")).unwrap();
        assert_eq!(config.templates.as_deref(), Some(Path::new("/etc/identity/mine")));
        let told = parse(&format!("{SMALLEST}[templates]\ndirectory = 5\n")).unwrap_err();
        assert!(told.contains("templates.directory: is not a string"), "{told}");
    }

    #[test]
    fn a_folder_is_read_two_levels_deep() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        assert!(load(&path.join("none")).unwrap_err().to_string().contains("templates.directory: cannot be read"));
        assert_eq!(load(path).unwrap(), []);
        for within in ["de/deep", ".git", "..data"] {
            fs::create_dir_all(path.join(within)).unwrap();
        }
        for (name, text) in [("layout.html.j2", "a"), ("de/code.txt.j2", "ä"), ("de/.swp", "b"), (".git/config", "c")]
        {
            fs::write(path.join(name), text).unwrap();
        }
        let told = load(path).unwrap_err().to_string();
        assert!(told.contains("/de/deep: templates.directory: is not a file"), "{told}");
        fs::remove_dir(path.join("de/deep")).unwrap();
        let found = load(path).unwrap();
        assert_eq!(
            found,
            [("de/code.txt.j2", "ä"), ("layout.html.j2", "a")].map(|(n, t)| (n.to_owned(), t.to_owned()))
        );
        fs::write(path.join("de/code.txt.j2"), [0xff]).unwrap();
        fs::write(path.join("long"), vec![b'a'; 65 * 1024]).unwrap();
        let told = load(path).unwrap_err().to_string();
        assert!(told.contains("cannot be read") && told.contains("is longer than 64 KiB"), "{told}");
    }
}
