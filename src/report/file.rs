//! Writing a report: whole, or not at all.
//!
//! Owns: the folder above it, the temporary file, the message on failure.
//! Must not know: what a report holds.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Writes the text to the path. Folders above it are made; a reader sees the old file or the new one, never a part of it.
/// What is no ordinary file (`/dev/stdout`, a pipe) is written to directly.
pub fn write_file(path: &Path, text: &str) -> Result<(), String> {
    write(path, text).map_err(|error| format!("failed to write the report {}: {error}", path.display()))
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    // A link stays a link: what it points to is replaced.
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    match target.metadata() {
        Ok(found) if found.is_dir() => return Err(std::io::Error::other("it is a folder; name a file in it")),
        Ok(found) if !found.is_file() => return std::fs::OpenOptions::new().write(true).open(&target)?.write_all(text.as_bytes()),
        _ => {}
    }
    let folder = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(folder)?;
    // Others may read it, such as the user that uploads it from CI; the umask decides.
    let everybody = std::fs::Permissions::from_mode(0o666);
    let mut file = tempfile::Builder::new().prefix(".checkride-report").permissions(everybody).tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.persist(&target).map(|_| ()).map_err(|error| error.error)
}

#[cfg(test)]
mod tests {
    use super::write_file;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn folders_are_made_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/report.xml");
        write_file(&path, "old").unwrap();
        write_file(&path, "new").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        assert_ne!(path.metadata().unwrap().permissions().mode() & 0o040, 0, "the group may read it");
    }

    #[test]
    fn a_link_is_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        std::fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        write_file(&link, "new").unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "new");
        assert!(link.is_symlink());
    }

    #[test]
    fn a_device_is_written_to_and_stays() {
        write_file(std::path::Path::new("/dev/null"), "x").unwrap();
        assert!(!std::path::Path::new("/dev/null").is_file());
    }

    #[test]
    fn a_folder_is_refused_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let error = write_file(folder.path(), "x").unwrap_err();
        assert!(error.starts_with("failed to write the report ") && error.ends_with("it is a folder; name a file in it"), "{error}");
    }

    #[test]
    fn a_file_in_the_way_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a"), "").unwrap();
        let error = write_file(&folder.path().join("a/report.xml"), "x").unwrap_err();
        assert!(error.contains("a/report.xml"), "{error}");
    }
}
