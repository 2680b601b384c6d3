//! `cargo xtask`: the project's own commands.
//!
//! Owns the command line; each command lives in a module of its own. Knows the workspace from outside
//! only: it runs cargo and the built binaries, and links none of the project's crates.
#![expect(
    clippy::print_stdout,
    reason = "a command-line program speaks on its standard output"
)]

mod corpus;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The project's own commands.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs every test: tidy, the binaries, unit, doc and end-to-end tests.
    Test(test::Options),
    /// Checks what the compiler does not: file sizes, links, who knows whom.
    Tidy,
    /// Writes a realistic corpus of transcripts.
    Corpus(corpus::Options),
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    let workspace = workspace::Workspace::find()?;
    match command {
        Command::Test(options) => test::run(&workspace, &options),
        Command::Tidy => tidy::run(&workspace),
        Command::Corpus(options) => corpus::run(&workspace, &options),
    }
}
