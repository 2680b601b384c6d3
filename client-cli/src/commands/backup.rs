//! `sessions backup`.

use std::io::Write;
use std::path::Path;

use sessions_client::{BackupChunk, Backups};

use crate::commands::import;
use crate::context::Context;
use crate::error::{CliError, Kind};
use crate::export::file::{Existing, WholeFile};
use crate::output::Output;
use crate::render::quantity::{count, size};

/// Runs it: the daemon may write its own directories alone, so the copy is written here.
pub(crate) async fn run(context: &Context, file: &Path) -> Result<(), CliError> {
    if file.exists() {
        return Err(taken(file));
    }
    let client = context.connect().await?;
    let failed = |error: &std::io::Error| CliError::unwritten(file, error);
    let mut whole = WholeFile::create(file).map_err(|error| failed(&error))?;
    let mut pieces = client.backup().await?;
    let (last, hash, written) = receive(context, &mut pieces, file, &mut whole).await?;
    let is_whole = last
        .as_ref()
        .is_some_and(|last| last.blake3 == hash.to_hex().as_str() && last.bytes_total == written);
    let Some(last) = last.filter(|_| is_whole) else {
        return Err(
            CliError::new(Kind::Daemon, "the copy arrived damaged, and was not kept")
                .hint("run it again"),
        );
    };
    whole
        .finish(Existing::Keep)
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => taken(file),
            _ => failed(&error),
        })?;
    let mut out = Output::direct();
    let sources = count(last.sources, "file");
    let verdict = if last.losses.is_empty() {
        "verified"
    } else {
        "with every byte that reads back"
    };
    writeln!(
        out,
        "{}: {sources} in {}, {verdict}",
        file.display(),
        size(written)
    )?;
    if !last.known.is_empty() {
        let places = count(last.known.len() as u64, "place");
        writeln!(
            out,
            "lost before, and not in it either: {places}; \"sessions verify\" lists them"
        )?;
    }
    out.finish()?;
    if last.losses.is_empty() {
        return Ok(());
    }
    let places = count(last.losses.len() as u64, "place");
    let error = CliError::new(
        Kind::Daemon,
        format!("{places} of the archive did not read back, and are not in the copy"),
    );
    Err(error
        .show(last.losses.iter().map(String::as_str))
        .hint("keep older backups; \"sessions verify\" puts back what is still on disk, then back up again"))
}

async fn receive(
    context: &Context,
    pieces: &mut Backups,
    file: &Path,
    whole: &mut WholeFile,
) -> Result<(Option<BackupChunk>, blake3::Hash, u64), CliError> {
    let bar = import::bytes(context, 0, "copying");
    let mut hasher = blake3::Hasher::new();
    let (mut last, mut written) = (None, 0);
    while let Some(piece) = pieces.next().await? {
        whole
            .write_all(&piece.data)
            .map_err(|error| CliError::unwritten(file, &error))?;
        hasher.update(&piece.data);
        written += piece.data.len() as u64;
        bar.set_length(piece.bytes_total);
        bar.set_position(written);
        last = Some(piece);
    }
    bar.finish_and_clear();
    Ok((last, hasher.finalize(), written))
}

fn taken(file: &Path) -> CliError {
    CliError::usage(format!("{} is there already", file.display())).hint("name a new file")
}
