//! The stage that scenes are played on, and what they leave in the test's hands.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use sessions_tests::client::{Answer, Client, Config, installed};
use sessions_tests::mock::{Message, Mock};
use sessions_tests::{Home, wait_for};

/// How long bytes on disk may take to reach the archive; promised is a second, on an idle machine.
const ARCHIVE_MAX: Duration = Duration::from_secs(20);

/// Words that must be found, and what they must be found as.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    /// The kind of entry, as queries name it.
    pub(crate) kind: &'static str,
    /// Words that occur nowhere else as this kind.
    pub(crate) words: &'static str,
}

/// A version of a transcript that the disk no longer has.
#[derive(Debug, Clone)]
pub(crate) struct Lived {
    /// The session.
    pub(crate) session: String,
    /// Its transcript's bytes when they were all there was.
    pub(crate) bytes: Vec<u8>,
}

/// What the scenes leave.
#[derive(Debug, Default)]
pub(crate) struct Left {
    /// Everything said.
    pub(crate) told: Vec<Told>,
    /// What was rewritten or deleted.
    pub(crate) lived: Vec<Lived>,
    /// Every session that has a transcript.
    pub(crate) sessions: Vec<String>,
}

/// The client, the model and the product, side by side.
#[derive(Debug)]
pub(crate) struct Stage<'a> {
    pub(crate) mock: &'a Mock,
    pub(crate) config: &'a Config,
    pub(crate) client: Client<'a>,
    pub(crate) home: &'a Home,
    pub(crate) left: Left,
}

impl<'a> Stage<'a> {
    /// Sets up the stage; the daemon is running.
    pub(crate) fn new(mock: &'a Mock, config: &'a Config, home: &'a Home) -> Result<Self> {
        let client = Client {
            executable: installed()?,
            config,
            api: mock.url(),
        };
        Ok(Self {
            mock,
            config,
            client,
            home,
            left: Left::default(),
        })
    }

    /// Notes that `words` were said, and hands them back.
    pub(crate) fn told(&mut self, kind: &'static str, words: &'static str) -> &'static str {
        self.left.told.push(Told { kind, words });
        words
    }

    /// Notes that `words` will be prompted, and returns the prompt that runs `script`.
    pub(crate) fn prompt(
        &mut self,
        words: &'static str,
        script: impl Into<Vec<Message>>,
    ) -> String {
        let words = self.told("prompt", words);
        self.mock.prompt(words, script)
    }

    /// Notes a session that left a transcript.
    pub(crate) fn left_session(&mut self, session: &str) {
        if !self.left.sessions.iter().any(|known| known == session) {
            self.left.sessions.push(session.to_owned());
        }
    }

    /// Runs a prompt to its end and notes its session.
    pub(crate) fn ask(&mut self, directory: &Path, prompt: &str, args: &[&str]) -> Result<Answer> {
        let answer = self.client.ask(directory, prompt, args)?;
        self.left_session(&answer.session);
        Ok(answer)
    }

    /// Returns the transcript of `session` once it is there.
    pub(crate) fn transcript(&self, session: &str) -> Result<PathBuf> {
        wait_for("the transcript", ARCHIVE_MAX, || {
            Ok(self.config.transcript(session).ok())
        })
    }

    /// Waits until the archive has all that the session's transcript has now, and notes that version.
    pub(crate) fn remember(&mut self, session: &str) -> Result<PathBuf> {
        let path = self.transcript(session)?;
        let bytes = fs::read(&path)?;
        wait_for("the transcript in the archive", ARCHIVE_MAX, || {
            let archived = self.home.sessions(&["view", session, "--raw"])?;
            Ok(archived.stdout.starts_with(&bytes).then_some(()))
        })?;
        self.left.lived.push(Lived {
            session: session.to_owned(),
            bytes,
        });
        Ok(path)
    }
}
