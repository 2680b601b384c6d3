//! The archived files behind a session: which one is meant, their list, and their bytes.

use std::io::{self, IsTerminal, Write, stderr, stdout};

use sessions_client::{Bytes, Client, Source};
use sessions_model::{GenerationId, Session};

use crate::args::View;
use crate::context::Context;
use crate::error::{CliError, Kind};
use crate::json::{Array, SourceJson};
use crate::name;
use crate::output::{Output, quiet};
use crate::render::quantity::count;
use crate::render::sources;
use crate::render::text::{escaped, visible};

/// The kind of a session's main file.
const TRANSCRIPT: &str = "transcript";

/// Lists the files of the session that is named, or those of none.
pub(crate) async fn list(context: &Context, args: &View) -> Result<(), CliError> {
    let client = context.connect().await?;
    let sources = match &args.id {
        Some(id) => of_session(&client, context, id).await?.1,
        None => of_none(&client, context).await?,
    };
    if args.json {
        let mut out = Output::direct();
        let mut array = Array::open(&mut out)?;
        for source in &sources {
            array.push(&SourceJson::new(source))?;
        }
        array.close()?;
        out.finish()?;
    } else {
        let mut out = Output::paged(&context.terminal);
        write!(out, "{}", sources::list(&sources, &context.now))?;
        out.finish()?;
    }
    if sources.is_empty() {
        return Err(CliError::nothing());
    }
    Ok(())
}

/// Prints the archived bytes of one file.
pub(crate) async fn print(context: &Context, args: &View) -> Result<(), CliError> {
    let client = context.connect().await?;
    let (source, generation) = choose(&client, context, args).await?;
    let mut bytes = client.bytes(source.id, generation).await?;
    let mut out = Output::direct();
    if stdout().is_terminal() {
        copy_visibly(&mut bytes, &mut out).await?;
    } else {
        copy(&mut bytes, &mut out).await?;
    }
    CliError::unless_whole(bytes.losses())
}

async fn choose(
    client: &Client,
    context: &Context,
    args: &View,
) -> Result<(Source, Option<GenerationId>), CliError> {
    let generation = args.generation.map(GenerationId);
    let source = match (&args.id, &args.source) {
        (None, Some(path)) => find(&of_none(client, context).await?, path)?.clone(),
        (id, path) => {
            let id = id.as_deref().unwrap_or(name::AT_HAND);
            let (session, sources) = of_session(client, context, id).await?;
            match path {
                Some(path) => find(&sources, path)?.clone(),
                None => transcript(&sources, &session, generation)?.clone(),
            }
        }
    };
    check_generation(&source, generation)?;
    Ok((source, generation))
}

async fn of_session(
    client: &Client,
    context: &Context,
    id: &str,
) -> Result<(Session, Vec<Source>), CliError> {
    let session = name::resolve(client, context, id).await?;
    let mut sources = client.sources(&session.id).await?;
    of_root(context, &mut sources);
    Ok((session, sources))
}

/// Returns the files that belong to no session, of the root that was named.
async fn of_none(client: &Client, context: &Context) -> Result<Vec<Source>, CliError> {
    let mut sources = client.unowned_sources().await?;
    of_root(context, &mut sources);
    Ok(sources)
}

/// Leaves the files of the root that was named.
fn of_root(context: &Context, sources: &mut Vec<Source>) {
    if let Some(root) = context.root_filter() {
        sources.retain(|source| source.root == root);
    }
}

/// Copies bytes as they are.
pub(crate) async fn copy(bytes: &mut Bytes, out: &mut impl Write) -> Result<(), CliError> {
    while let Some(run) = bytes.next().await? {
        out.write_all(&run)?;
    }
    Ok(out.flush()?)
}

/// Copies bytes to a terminal, with what it would act on made visible.
pub(crate) async fn copy_visibly(bytes: &mut Bytes, out: &mut impl Write) -> Result<(), CliError> {
    while let Some(run) = bytes.next().await? {
        out.write_all(visible(&String::from_utf8_lossy(&run)).as_bytes())?;
    }
    Ok(out.flush()?)
}

/// Returns the transcript that has a generation, or the main one.
fn transcript<'a>(
    sources: &'a [Source],
    session: &Session,
    generation: Option<GenerationId>,
) -> Result<&'a Source, CliError> {
    let has_it = |source: &&Source| {
        let mut lives = source.generations.iter();
        source.kind == TRANSCRIPT && lives.any(|life| Some(life.id) == generation)
    };
    match sources.iter().find(has_it) {
        Some(source) => Ok(source),
        None => main_transcript(sources, session),
    }
}

/// Says of a session with files in several projects or roots that one of them is not all of it.
pub(crate) fn note_others(sources: &[Source], session: &Session) -> io::Result<()> {
    let transcripts = sources.iter().filter(|source| source.kind == TRANSCRIPT);
    let others = transcripts.count().saturating_sub(1) as u64;
    if others == 0 {
        return Ok(());
    }
    let (id, others) = (&session.id, count(others, "other transcript"));
    quiet(writeln!(
        stderr(),
        "note: {id} has {others}: \"sessions view {id} --sources\" lists them, and --source PATH --raw prints one"
    ))
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
        .hint(format!(
            "its other files are listed by: sessions view {} --sources",
            session.id
        ))
    })
}

/// Finds the file that `path` names, as it is or as it is listed: whole, or by its end.
fn find<'a>(sources: &'a [Source], path: &str) -> Result<&'a Source, CliError> {
    let is_named = |source: &&Source| {
        let whole = format!("{}/{}", source.root.trim_end_matches('/'), source.path);
        source.path == path || whole == path || escaped(&source.path) == path
    };
    let end = format!("/{path}");
    let ends_so =
        |source: &&Source| source.path.ends_with(&end) || escaped(&source.path).ends_with(&end);
    if let Some(source) = sources.iter().find(is_named) {
        return Ok(source);
    }
    let candidates: Vec<&Source> = sources.iter().filter(ends_so).collect();
    let named = |error: CliError, sources: &mut dyn Iterator<Item = &Source>| {
        let paths: Vec<String> = sources.map(|source| escaped(&source.path)).collect();
        error.show(paths.iter().map(String::as_str))
    };
    match candidates.as_slice() {
        [source] => Ok(source),
        [] => {
            let error = CliError::new(Kind::Nothing, format!("no archived file is called {path}"));
            Err(named(error, &mut sources.iter())
                .hint("name one of these, or the session that the file belongs to"))
        }
        several => {
            let what = format!("{} archived files are called {path}", several.len());
            let error = CliError::usage(what);
            Err(named(error, &mut several.iter().copied()).hint("write more of its path"))
        }
    }
}

fn check_generation(source: &Source, generation: Option<GenerationId>) -> Result<(), CliError> {
    let Some(wanted) = generation else {
        return Ok(());
    };
    let there = || source.generations.iter().map(|generation| generation.id);
    if there().any(|id| id == wanted) {
        return Ok(());
    }
    let there: Vec<String> = there().map(|id| id.to_string()).collect();
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
            source(4, "projects/-src/3f/a\nb.txt", "other"),
        ];
        let found = find(&sources, path).ok().map(|source| source.id.0);
        assert_eq!(found, expect, "{path}");
    }

    #[test]
    fn sources_are_named_whole_or_by_their_end() {
        check("projects/-src/3f.jsonl", Some(1));
        check("/home/user/.claude/projects/-src/3f.jsonl", Some(1));
        check("tool-results/a.txt", Some(2));
        check("a.txt", None);
        check("a\nb.txt", Some(4));
        check("a\\nb.txt", Some(4));
        check("projects/-src/3f/a\\nb.txt", Some(4));
        check("a b.txt", None);
        check("f.jsonl", None);
        let twins = [
            source(2, "projects/-src/3f/tool-results/a.txt", "tool-result"),
            source(3, "projects/-src/3f/subagents/a.txt", "sidecar"),
        ];
        let error = find(&twins, "a.txt").unwrap_err();
        assert_eq!(error.message, "2 archived files are called a.txt");
        let error = find(&twins, "b.txt").unwrap_err();
        assert_eq!(error.message, "no archived file is called b.txt");
    }
}
