//! `cargo xtask`: the project's own commands.
//!
//! Owns the command line; each command lives in a module of its own. Knows the workspace from outside
//! only: it runs cargo and the built binaries, and links none of the project's crates.
#![expect(
    clippy::print_stdout,
    reason = "a command-line program speaks on its standard output"
)]

mod bench;
mod corpus;
mod dist;
mod run;
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
    /// Builds, keeps and indexes your sessions, and shows what to try next.
    Run(run::Options),
    /// Runs every test: tidy, the binaries, unit, doc and end-to-end tests.
    Test(test::Options),
    /// Checks what the compiler does not: file sizes, links, who knows whom.
    Tidy,
    /// Writes a realistic corpus of transcripts.
    Corpus(corpus::Options),
    /// Packages what a release is: a tarball, a Debian package, a Homebrew formula.
    Dist(dist::Options),
    /// Measures import, search, freshness and idling, beside other tools in the same run.
    Bench(bench::Options),
}

fn main() -> ExitCode {
    match dispatch(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: Command) -> anyhow::Result<()> {
    let workspace = workspace::Workspace::find()?;
    match command {
        Command::Run(options) => run::run(&workspace, &options),
        Command::Test(options) => test::run(&workspace, &options),
        Command::Tidy => tidy::run(&workspace),
        Command::Corpus(options) => corpus::run(&workspace, &options),
        Command::Dist(options) => dist::run(&workspace, &options),
        Command::Bench(options) => bench::run(&workspace, &options),
    }
}
