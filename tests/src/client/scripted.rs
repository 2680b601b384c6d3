//! The client and the model that answers it, where a test needs no more of them.

use anyhow::Result;

use super::{Answer, Client, Config, installed};
use crate::mock::Mock;

/// The real client, which asks a model that follows a script.
#[derive(Debug)]
pub struct Scripted {
    /// The model.
    pub mock: Mock,
    /// Where the client lives.
    pub config: Config,
}

impl Scripted {
    /// Starts the model; the client's home is empty.
    pub fn new() -> Result<Self> {
        Ok(Self {
            mock: Mock::start()?,
            config: Config::new()?,
        })
    }

    /// Returns the client.
    pub fn client(&self) -> Result<Client<'_>> {
        Ok(Client {
            executable: installed()?,
            config: &self.config,
            api: self.mock.url(),
        })
    }

    /// Runs one prompt to its end, always in the same directory. `args` come after the prompt.
    pub fn ask(&self, prompt: &str, args: &[&str]) -> Result<Answer> {
        let directory = self.config.directory("work")?;
        self.client()?.ask(&directory, prompt, args)
    }
}
