//! Where a shell looks for what completes commands.
//!
//! Knows shells; must not know what is completed.

use std::path::{Path, PathBuf};

/// A shell that reads completions from a folder of the user's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Completed {
    /// By way of bash-completion.
    Bash,
    /// fish.
    Fish,
}

/// Where users' files are, as the shells take it.
#[derive(Debug, Clone)]
pub(crate) struct UserDirs {
    /// `XDG_DATA_HOME`.
    pub(crate) data: PathBuf,
    /// `XDG_CONFIG_HOME`.
    pub(crate) config: PathBuf,
}

impl Completed {
    /// Returns the one that `shell` is the program of. zsh has no such folder.
    pub(crate) fn of(shell: &Path) -> Option<Self> {
        match shell.file_name()?.to_str()? {
            "bash" => Some(Self::Bash),
            "fish" => Some(Self::Fish),
            _ => None,
        }
    }

    /// Returns where it looks for what completes `program`.
    pub(crate) fn file(self, dirs: &UserDirs, program: &str) -> PathBuf {
        match self {
            Self::Bash => dirs.data.join("bash-completion/completions").join(program),
            Self::Fish => dirs
                .config
                .join("fish/completions")
                .join(format!("{program}.fish")),
        }
    }

    /// Tells whether a package has brought it for everybody.
    pub(crate) fn is_packaged(self, program: &str) -> bool {
        let (dir, file) = match self {
            Self::Bash => ("/usr/share/bash-completion/completions", program.to_owned()),
            Self::Fish => (
                "/usr/share/fish/vendor_completions.d",
                format!("{program}.fish"),
            ),
        };
        Path::new(dir).join(file).exists()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shell_has_its_place() {
        let dirs = UserDirs {
            data: "/home/user/.local/share".into(),
            config: "/home/user/.config".into(),
        };
        let check = |shell: &str, expect: Option<&str>| {
            let found = Completed::of(Path::new(shell));
            let file = found.map(|shell| shell.file(&dirs, "sessions"));
            assert_eq!(file.as_deref(), expect.map(Path::new), "{shell}");
        };
        check(
            "/bin/bash",
            Some("/home/user/.local/share/bash-completion/completions/sessions"),
        );
        check(
            "/usr/bin/fish",
            Some("/home/user/.config/fish/completions/sessions.fish"),
        );
        check("/bin/zsh", None);
        check("", None);
    }
}
