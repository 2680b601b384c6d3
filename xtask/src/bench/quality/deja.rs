//! deja, where it is installed: its index and settings in a home of its own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::bench::corpus::remove;
use crate::bench::process::{time, time_search};
use crate::workspace::find_program;

const IMPORT_LIMIT: Duration = Duration::from_mins(15);
const SEARCH_LIMIT: Duration = Duration::from_secs(30);

/// The program, and the folder it is given for a home.
#[derive(Debug)]
pub(crate) struct Deja {
    program: PathBuf,
    home: PathBuf,
}

#[derive(Deserialize)]
struct Answer {
    hits: Option<Vec<Hit>>,
}

#[derive(Deserialize)]
struct Hit {
    session: Session,
}

#[derive(Deserialize)]
struct Session {
    id: String,
}

impl Deja {
    /// Finds the program below `folder` or on the search path.
    pub(crate) fn find(folder: &Path) -> Option<Self> {
        let own = folder.join("peers/bin/deja");
        let program = if own.is_file() {
            Some(own)
        } else {
            find_program("deja")
        };
        Some(Self {
            program: program?,
            home: folder.join("deja-home"),
        })
    }

    /// Indexes a config root from nothing: it reads `.claude` of its home.
    pub(crate) fn import(&self, root: &Path) -> Result<()> {
        remove(&self.home)?;
        std::fs::create_dir_all(&self.home)
            .with_context(|| format!("could not make {}", self.home.display()))?;
        std::os::unix::fs::symlink(root, self.home.join(".claude"))
            .context("could not give deja the corpus")?;
        let (_, output) = time(self.command().arg("warmup"), IMPORT_LIMIT)?;
        if !output.status.success() {
            let reason = String::from_utf8_lossy(&output.stderr);
            bail!("deja could not import: {}", reason.trim());
        }
        Ok(())
    }

    /// Searches; where nothing matches, it tries other forms and spellings by itself.
    pub(crate) fn ask(&self, query: &str) -> Result<Vec<String>> {
        let mut command = self.command();
        command.args(["search", "--json", "--limit", "10", query]);
        let (_, text) = time_search(&mut command, SEARCH_LIMIT)?;
        let answer: Answer =
            serde_json::from_str(&text).context("could not read an answer of deja")?;
        let hits = answer.hits.unwrap_or_default().into_iter();
        Ok(hits.map(|hit| hit.session.id).collect())
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .env_remove("CLAUDE_CONFIG_DIR")
            .env_remove("XDG_CACHE_HOME")
            .env_remove("XDG_CONFIG_HOME")
            .env("HOME", &self.home);
        command
    }
}
