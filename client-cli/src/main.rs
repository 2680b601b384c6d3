//! `sessions`: the command line. Arguments, one connection, one call, one answer.

mod args;
mod commands;
mod context;
mod doctor;
mod error;
mod export;
mod fork;
mod history;
mod interrupt;
mod json;
mod launch;
mod moment;
mod name;
mod output;
mod render;
mod repository;
mod restore;
#[cfg(test)]
mod samples;
mod setup;
mod sweep;
mod terminal;

use std::io::{Write, stderr};
use std::process::ExitCode;

use clap::Parser;
use tokio::runtime::Builder;

use crate::args::Cli;
use crate::error::{CliError, Kind};

fn main() -> ExitCode {
    let cli = match Cli::try_parse_from(args::shield(std::env::args_os())) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers; what else clap says is a usage error.
            let code = if error.use_stderr() {
                Kind::Usage.code()
            } else {
                0
            };
            return match error.print() {
                Ok(()) => ExitCode::from(code),
                Err(_) => ExitCode::from(Kind::Daemon.code()),
            };
        }
    };
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where nobody can read it, the exit code still says it.
            drop(stderr().write_all(error.render().as_bytes()));
            ExitCode::from(error.kind.code())
        }
    }
}

fn run(cli: Cli) -> Result<(), CliError> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::new(Kind::Internal, format!("could not start: {error}")))?;
    runtime.block_on(commands::run(cli))
}
