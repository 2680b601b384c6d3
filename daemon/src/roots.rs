//! The config roots: which are watched, which are left alone, and which cannot be any.
//!
//! They are gathered before the sandbox is entered, which must know them, from what the daemon in its sandbox
//! cannot write: the list that clients keep, the environment and the settings. Must not know what they hold.

use std::path::{Path, PathBuf};

use sessions_model::{Fault, FaultKind, Timestamp};
use sessions_paths::{Environment, Paths, PathsError, leads_to_same};

use crate::causes::chain;
use crate::config::Settings;
use crate::ingest::leads_to_any;

/// Roots watched at most.
const ROOTS_MAX: usize = 128;

/// What to name instead of what cannot be a root.
const WHAT_A_ROOT_IS: &str = "a config root is the directory that holds Claude Code's \"projects\": name \
                              that one, by --root, CLAUDE_CONFIG_DIR or \"roots\" in config.toml";

/// The roots this daemon watches.
#[derive(Debug, Clone, Default)]
pub(crate) struct Roots {
    known: Vec<PathBuf>,
    /// Those that were there when the sandbox was entered.
    readable: Vec<PathBuf>,
    /// Those that the settings leave alone.
    excluded: Vec<PathBuf>,
    /// Those that cannot be roots.
    faults: Vec<Fault>,
}

impl Roots {
    /// Gathers the roots that clients, the environment and the settings name.
    pub(crate) fn gather(
        paths: &Paths,
        environment: &Environment,
        settings: &Settings,
        now: Timestamp,
    ) -> Self {
        let mut roots = Self::default();
        let listed = paths.root_list().read().unwrap_or_else(|error| {
            let hint =
                "see that it can be read, or remove it: commands note their config roots anew";
            roots.fault(&error, hint, now);
            Vec::new()
        });
        let named = listed.into_iter().chain(environment.config_roots());
        for root in named.chain(settings.roots.iter().cloned()) {
            if let Err(error) = paths.check_root(&root, environment.home.as_deref()) {
                roots.fault(&error, WHAT_A_ROOT_IS, now);
            } else if leads_to_any(&root, &settings.exclude_roots) {
                take(&mut roots.excluded, root);
            } else {
                take(&mut roots.known, root);
            }
        }
        let there = roots.known.iter().filter(|root| root.is_dir());
        roots.readable = there.cloned().collect();
        roots
    }

    fn fault(&mut self, error: &PathsError, hint: &str, since: Timestamp) {
        let fault = Fault {
            kind: FaultKind::Config,
            message: chain(error),
            hint: hint.into(),
            since,
        };
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    /// Returns the roots that are watched, missing ones included.
    pub(crate) fn known(&self) -> &[PathBuf] {
        &self.known
    }

    /// Returns the roots that were named and are left alone.
    pub(crate) fn excluded(&self) -> &[PathBuf] {
        &self.excluded
    }

    /// Says which cannot be roots.
    pub(crate) fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// Tells whether nothing is to be done for a client that sees `root`: it is read, or left alone.
    pub(crate) fn is_settled(&self, root: &Path) -> bool {
        let mut settled = self.readable.iter().chain(&self.excluded);
        settled.any(|settled| leads_to_same(settled, root))
    }
}

fn take(roots: &mut Vec<PathBuf>, root: PathBuf) {
    // One directory is one root, whichever links lead there.
    let is_new = !roots.iter().any(|taken| leads_to_same(taken, &root));
    if is_new && roots.len() < ROOTS_MAX {
        roots.push(root);
    }
}

/// Notes the roots that the environment names and that are there, so that the next start knows them, too.
pub(crate) fn note(paths: &Paths, environment: &Environment) {
    for root in environment.config_roots() {
        let is_sound = paths.check_root(&root, environment.home.as_deref()).is_ok();
        if is_sound && root.is_dir() {
            // This start knows it all the same, and so do those that inherit its environment.
            drop(paths.root_list().add(&root));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn roots_are_watched_left_alone_or_refused() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        let environment = Environment {
            sessions_home: Some(at("ours")),
            claude_config_dir: Some(at("claude")),
            home: Some(home.path().to_owned()),
            ..Environment::read().unwrap()
        };
        let paths = Paths::choose(&environment).unwrap();
        fs::create_dir(at("claude")).unwrap();
        fs::create_dir(at("other")).unwrap();
        std::os::unix::fs::symlink(at("claude"), at("link")).unwrap();
        note(&paths, &environment);
        for root in [at("other"), at("late"), "/".into()] {
            paths.root_list().add(&root).unwrap();
        }
        // What a daemon in its sandbox may write says nothing.
        fs::create_dir_all(&paths.data).unwrap();
        fs::write(paths.data.join("roots"), "/etc").unwrap();
        let settings = Settings {
            roots: vec![at("set"), home.path().to_owned(), at("other"), at("link")],
            exclude_roots: vec![at("other")],
            ..Settings::default()
        };
        let roots = Roots::gather(&paths, &environment, &settings, Timestamp(1));
        assert_eq!(roots.known(), [at("claude"), at("late"), at("set")]);
        assert_eq!(roots.excluded(), [at("other")]);
        let said: Vec<&str> = roots.faults().iter().map(|fault| &*fault.message).collect();
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(said[0].ends_with("it is the whole file system"), "{said:?}");
        assert!(said[1].ends_with("it is your home directory"), "{said:?}");
        assert!(roots.is_settled(&at("claude")) && roots.is_settled(&at("other")));
        assert!(roots.is_settled(&at("link")), "it is \"claude\"");
        assert!(!roots.is_settled(&at("late")) && !roots.is_settled(&at("new")));
    }
}
