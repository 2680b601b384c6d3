//! Repositories that tests work in.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

use sessions_model::GitState;

use crate::Git;

/// A repository in a directory of its own, which goes with it.
pub(crate) struct Repository {
    dir: tempfile::TempDir,
}

impl Repository {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let repository = Self { dir };
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository
    }

    pub(crate) fn committed() -> Self {
        let repository = Self::new();
        repository.write("a.txt", b"one\ntwo\n");
        repository.git(&["add", "."]);
        repository.git(&["commit", "--quiet", "--message=one"]);
        repository
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path().join(name), bytes).unwrap();
    }

    /// Runs git as somebody who works there, with no settings but these.
    pub(crate) fn git(&self, arguments: &[&str]) -> Vec<u8> {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=A", "-c", "user.email=a@b.invalid"]);
        let home = self.path();
        command.current_dir(home).env("HOME", home);
        command.env("GIT_CONFIG_GLOBAL", "/dev/null");
        let output = command.args(arguments).output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {output:?}");
        output.stdout
    }

    pub(crate) fn state(&self) -> GitState {
        git().state(self.path()).unwrap()
    }
}

/// Returns the git of this machine, with what would lead it astray in its environment.
pub(crate) fn git() -> Git {
    let path = ("PATH".into(), std::env::var_os("PATH").unwrap());
    // What would lead git astray, as it stands in the environment of a git hook.
    let astray: (OsString, OsString) = ("GIT_DIR".into(), "/nowhere".into());
    Git::new([path, astray].into_iter())
}
