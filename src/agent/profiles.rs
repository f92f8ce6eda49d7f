//! Shell profiles: a login shell may reset PATH (Debian's `/etc/profile` does), so every profile puts the mocks first again.
//!
//! Owns: which files shells read, and the lines in them.
//! Must not know: which commands are mocked.

use super::environment::Environment;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

/// Read by login shells of bash; only the first that exists.
const BASH_LOGIN: [&str; 3] = [".bash_profile", ".bash_login", ".profile"];

/// Read by other shells, or by bash when it is no login shell.
const OTHERS: [&str; 4] = [".profile", ".bashrc", ".zshenv", ".zprofile"];

/// True for a file below HOME that a shell reads at its start.
pub fn is_profile(path: &str) -> bool {
    BASH_LOGIN.contains(&path) || OTHERS.contains(&path)
}

/// Adds the lines to the profiles in `home`, after what a suite put there, and to what non-interactive shells read (`BASH_ENV`, `ENV`).
pub fn put_first(home: &Path, bin: &Path, environment: &mut Environment) -> io::Result<()> {
    let lines = lines(bin);
    let login = BASH_LOGIN.iter().find(|name| home.join(name).exists()).unwrap_or(&BASH_LOGIN[0]);
    for name in OTHERS.iter().chain(OTHERS.iter().all(|other| other != login).then_some(login)) {
        let mut file = OpenOptions::new().append(true).create(true).open(home.join(name))?;
        file.write_all(lines.as_bytes())?;
    }
    // It lies beside the mocks and not in the home, where it would be one more file that the agent sees.
    let sourced = bin.with_file_name("path.sh");
    std::fs::write(&sourced, &lines)?;
    for name in ["BASH_ENV", "ENV"] {
        environment.set(name, sourced.to_string_lossy());
    }
    Ok(())
}

fn lines(bin: &Path) -> String {
    let bin = bin.to_string_lossy().replace('\'', r"'\''");
    format!("\ncase \"$PATH\" in '{bin}':*) ;; *) PATH='{bin}':\"$PATH\"; export PATH ;; esac\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home_with(files: &[&str]) -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        files.iter().for_each(|name| std::fs::write(home.path().join(name), "MINE=1").unwrap());
        std::fs::create_dir(home.path().join("m")).unwrap();
        let mut environment = Environment::clean(home.path(), home.path());
        put_first(home.path(), &home.path().join("m/bin"), &mut environment).unwrap();
        home
    }

    #[test]
    fn a_suites_own_profile_is_kept_and_read() {
        let home = home_with(&[".profile"]);
        let profile = std::fs::read_to_string(home.path().join(".profile")).unwrap();
        assert!(profile.starts_with("MINE=1\n") && profile.contains("m/bin"), "{profile}");
        assert!(!home.path().join(".bash_profile").exists(), "it would hide the suite's .profile from bash");
    }

    #[test]
    fn without_one_every_shell_gets_its_file() {
        let home = home_with(&[]);
        for name in OTHERS.iter().chain(&[".bash_profile"]) {
            assert!(home.path().join(name).exists(), "{name}");
        }
    }

    #[test]
    fn a_quote_in_the_path_ends_nothing() {
        assert!(lines(Path::new("/a'b")).contains(r"'/a'\''b':*"));
    }
}
