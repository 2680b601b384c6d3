//! `sessions view`.

use std::io::{IsTerminal, Write, stdout};

use sessions_client::{Bytes, Client, Source};
use sessions_model::{GenerationId, Session};

use crate::args::View;
use crate::context::Context;
use crate::error::{CliError, Kind};
use crate::json::{Array, EntryJson};
use crate::name;
use crate::output::Output;
use crate::render::conversation::{self, Results};
use crate::render::text::visible;

/// The kind of a session's main file.
const TRANSCRIPT: &str = "transcript";

/// Runs it.
pub(crate) async fn run(context: &Context, args: View) -> Result<(), CliError> {
    let client = context.connect().await?;
    let session = name::resolve(&client, context, &args.id).await?;
    if args.raw {
        return print_raw(&client, &session, &args).await;
    }
    if args.json {
        return print_json(&client, &session).await;
    }
    let results = if args.full {
        Results::Whole
    } else {
        Results::Folded
    };
    print(context, &client, &session, results).await
}

async fn print(
    context: &Context,
    client: &Client,
    session: &Session,
    results: Results,
) -> Result<(), CliError> {
    let (now, terminal) = (&context.now, &context.terminal);
    let mut entries = client.read(&session.id).await?;
    let mut out = Output::paged(terminal);
    write!(out, "{}", conversation::head(session, now, terminal))?;
    while let Some(entry) = entries.next().await? {
        write!(
            out,
            "{}",
            conversation::entry(&entry, results, now, terminal)
        )?;
    }
    Ok(out.finish()?)
}

async fn print_json(client: &Client, session: &Session) -> Result<(), CliError> {
    let mut entries = client.read(&session.id).await?;
    let mut out = Output::direct();
    let mut array = Array::open(&mut out)?;
    while let Some(entry) = entries.next().await? {
        array.push(&EntryJson::new(&entry))?;
    }
    array.close()?;
    Ok(out.finish()?)
}

async fn print_raw(client: &Client, session: &Session, args: &View) -> Result<(), CliError> {
    let sources = client.sources(&session.id).await?;
    let source = match &args.source {
        Some(path) => find_source(&sources, path)?,
        None => main_transcript(&sources, session)?,
    };
    let generation = args.generation.map(GenerationId);
    check_generation(source, generation)?;
    let mut bytes = client.bytes(source.id, generation).await?;
    copy(&mut bytes, &mut Output::direct(), stdout().is_terminal()).await
}

/// Copies bytes as they are; on a terminal, with what it would act on made visible.
pub(crate) async fn copy(
    bytes: &mut Bytes,
    out: &mut impl Write,
    to_terminal: bool,
) -> Result<(), CliError> {
    while let Some(run) = bytes.next().await? {
        if to_terminal {
            out.write_all(visible(&String::from_utf8_lossy(&run)).as_bytes())?;
        } else {
            out.write_all(&run)?;
        }
    }
    Ok(out.flush()?)
}

/// Returns the main transcript; where a session has files in several projects, the one that is on disk.
pub(crate) fn main_transcript<'a>(
    sources: &'a [Source],
    session: &Session,
) -> Result<&'a Source, CliError> {
    let transcripts = || sources.iter().filter(|source| source.kind == TRANSCRIPT);
    let on_disk = transcripts().find(|source| !source.is_gone && source.root == session.root);
    on_disk.or_else(|| transcripts().next()).ok_or_else(|| {
        CliError::new(
            Kind::Nothing,
            format!("session {} has no transcript", session.id),
        )
        .hint("its other files are listed by: sessions view ID --raw --source ?")
    })
}

/// Finds the source that `path` names: whole, or by its end.
fn find_source<'a>(sources: &'a [Source], path: &str) -> Result<&'a Source, CliError> {
    let is_named = |source: &&Source| {
        let whole = format!("{}/{}", source.root.trim_end_matches('/'), source.path);
        source.path == path || whole == path
    };
    let ends_so = |source: &&Source| source.path.ends_with(&format!("/{path}"));
    if let Some(source) = sources.iter().find(is_named) {
        return Ok(source);
    }
    let mut candidates = sources.iter().filter(ends_so);
    match (candidates.next(), candidates.next()) {
        (Some(source), None) => Ok(source),
        _ => Err(no_source(sources, path)),
    }
}

fn no_source(sources: &[Source], path: &str) -> CliError {
    CliError::new(
        Kind::Nothing,
        format!("no one file of the session is {path}"),
    )
    .show(sources.iter().map(|source| source.path.as_str()))
    .hint("name one of these")
}

fn check_generation(source: &Source, generation: Option<GenerationId>) -> Result<(), CliError> {
    let Some(wanted) = generation else {
        return Ok(());
    };
    if source
        .generations
        .iter()
        .any(|generation| generation.id == wanted)
    {
        return Ok(());
    }
    let there: Vec<String> = source
        .generations
        .iter()
        .map(|generation| generation.id.to_string())
        .collect();
    let message = format!("{} has no generation {wanted}", source.path);
    Err(CliError::new(Kind::Nothing, message).hint(format!("it has {}", there.join(", "))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sessions_model::SourceId;

    fn source(id: u64, path: &str, kind: &str) -> Source {
        Source {
            id: SourceId(id),
            path: path.into(),
            root: "/home/user/.claude".into(),
            kind: kind.into(),
            generations: Vec::new(),
            is_gone: false,
        }
    }

    fn check(path: &str, expect: Option<u64>) {
        let sources = [
            source(1, "projects/-src/3f.jsonl", TRANSCRIPT),
            source(2, "projects/-src/3f/tool-results/a.txt", "tool-result"),
            source(3, "projects/-src/3f/subagents/a.txt", "sidecar"),
        ];
        let found = find_source(&sources, path).ok().map(|source| source.id.0);
        assert_eq!(found, expect, "{path}");
    }

    #[test]
    fn sources_are_named_whole_or_by_their_end() {
        check("projects/-src/3f.jsonl", Some(1));
        check("/home/user/.claude/projects/-src/3f.jsonl", Some(1));
        check("tool-results/a.txt", Some(2));
        check("a.txt", None);
        check("f.jsonl", None);
    }
}
