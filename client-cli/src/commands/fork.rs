//! `sessions fork`.

use std::fmt::Write as _;
use std::io::{Write, stderr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sessions_client::{Client, Source};
use sessions_git::{Checkout, Git};
use sessions_model::{Checkpoint, Session};
use tokio::time::sleep;

use crate::args::Fork;
use crate::commands::{checkpoint, resume, source};
use crate::context::Context;
use crate::error::{CliError, Kind};
use crate::fork::{Conversation, PlaceError};
use crate::interrupt::until_interrupted;
use crate::launch::Launch;
use crate::name;
use crate::output::{Output, quiet};
use crate::restore::{self, Missing};

/// Looks at a checkpoint that was made a moment ago, and the time between them.
const BINDING_LOOKS: u32 = 20;
const BINDING_LOOK: Duration = Duration::from_millis(100);

/// Characters of a commit that name it to a person.
const HEAD_CHARS: usize = 12;

/// Bytes of a conversation that are held while it is forked.
const CONVERSATION_BYTES_MAX: u64 = 2 << 30;

/// Runs it; on success this process becomes the client, unless that is not wanted.
pub(crate) async fn run(context: &Context, args: Fork) -> Result<(), CliError> {
    let client = context.connect().await?;
    let session = name::resolve(&client, context, &args.id).await?;
    let git = Context::git();
    let beside = match (&args.worktree, &args.at) {
        (Some(to), Some(at)) => {
            Some(check_out(context, &client, (&session, at), (&git, to)).await?)
        }
        _ => None,
    };
    let directory = match &beside {
        Some(beside) => beside.directory.clone(),
        None if args.no_run => PathBuf::new(),
        None => resume::directory(context, &client, &session, &args.run).await?,
    };
    let made = make(context, &client, &session, args.at.as_deref());
    let made = until_interrupted(made).await;
    let Made { id, place, root } = &made.inspect_err(|_| {
        if let Some(beside) = &beside {
            beside.undo();
        }
    })?;
    if args.no_run {
        let mut out = Output::direct();
        writeln!(out, "{id}")?;
        return Ok(out.finish()?);
    }
    let said = format!("forked {} at {place}: the new session is {id}", session.id);
    quiet(writeln!(stderr(), "{said}"))?;
    let root = context.client_root(Path::new(root));
    let launch = Launch::resuming(id, directory, root).with(&args.run.args);
    resume::start(&launch, args.run.print)
}

/// A session that was made.
#[derive(Debug)]
pub(crate) struct Made {
    /// Its id.
    pub(crate) id: String,
    /// The row that it ends with.
    place: String,
    /// Its config root.
    root: String,
}

/// Makes a session of what leads to `at`, or to the end.
pub(crate) async fn make(
    context: &Context,
    client: &Client,
    session: &Session,
    at: Option<&str>,
) -> Result<Made, CliError> {
    let sources = client.sources(&session.id).await?;
    let main = source::main_transcript(&sources, session)?;
    let conversation = read(client, main).await?;
    let at = match at {
        Some(name) => place(context, client, (session, &conversation), name).await,
        None => conversation
            .find(None)
            .map_err(|error| unplaced(&error, session)),
    }?;
    let id = new_id()?;
    let lines = conversation.up_to(at, session.id.as_str(), &id);
    write(client, &sources, (main, session), (&id, &lines)).await?;
    Ok(Made {
        id,
        place: conversation.name(at).to_owned(),
        root: main.root.clone(),
    })
}

/// Checks out the code that stood where the checkpoint called `name` stands in the conversation.
async fn check_out<'a>(
    context: &Context,
    client: &Client,
    (session, name): (&Session, &str),
    (git, to): (&'a Git, &Path),
) -> Result<Checkout<'a>, CliError> {
    let found = checkpoint::find(context, client, name, Some(&session.id)).await?;
    let checkpoint = of_session(found, session, name)?;
    let Some(state) = &checkpoint.git else {
        let message = format!("checkpoint {name} was made in no repository that git could read");
        return Err(CliError::new(Kind::Nothing, message)
            .hint("without --worktree the conversation alone is forked"));
    };
    let to = Path::new(&context.cwd).join(to);
    let at = to.display();
    let failed = |error| {
        let message = format!("could not check out checkpoint {name} at {at}: {error}");
        CliError::new(Kind::Daemon, message).hint(
            "name a directory that is not there yet; without --worktree the conversation alone is forked",
        )
    };
    let made = git.check_out(Path::new(&checkpoint.cwd), state, &to);
    let made = made.map_err(failed)?;
    let what = match (state.is_too_long, state.diff.is_empty()) {
        (true, _) => " (what differed from it was too long to be kept)",
        (_, true) => "",
        (..) => ", with what differed from it",
    };
    let head = state.head.get(..HEAD_CHARS).unwrap_or(&state.head);
    quiet(writeln!(stderr(), "checked out {head} at {at}{what}"))?;
    Ok(made)
}

/// Returns the checkpoint if it is one of `session`.
fn of_session(
    checkpoint: Checkpoint,
    session: &Session,
    name: &str,
) -> Result<Checkpoint, CliError> {
    if checkpoint.session == session.id {
        return Ok(checkpoint);
    }
    let message = format!("checkpoint {name} is one of session {}", checkpoint.session);
    let hint = format!("sessions fork {} --at {name}", checkpoint.session);
    Err(CliError::usage(message).hint(hint))
}

/// Finds the row that `name` means: a checkpoint of the session, or an entry.
async fn place(
    context: &Context,
    client: &Client,
    (session, conversation): (&Session, &Conversation),
    name: &str,
) -> Result<usize, CliError> {
    let checkpoint = checkpoint::find(context, client, name, Some(&session.id)).await;
    let entry = conversation.find(Some(name));
    let checkpoint = match (checkpoint, entry) {
        // What the user called so wins over an id that happens to begin so.
        (Ok(found), Ok(_)) if found.name == name && found.session == session.id => found,
        (_, Ok(at)) => return Ok(at),
        (Ok(found), Err(PlaceError::Unknown(_))) => found,
        (Err(error), Err(PlaceError::Unknown(_))) if error.kind != Kind::Nothing => {
            return Err(error);
        }
        (_, Err(error)) => return Err(unplaced(&error, session)),
    };
    let mut checkpoint = of_session(checkpoint, session, name)?;
    for _ in 0..BINDING_LOOKS {
        if checkpoint.place.is_some() {
            break;
        }
        // It is bound a moment after it was made.
        sleep(BINDING_LOOK).await;
        checkpoint = checkpoint::find(context, client, name, Some(&session.id)).await?;
    }
    let Some(place) = checkpoint.place else {
        let message = format!("checkpoint {name} stands behind no message yet");
        return Err(CliError::new(Kind::Nothing, message)
            .hint("Claude Code has not written what came before it: try again in a moment"));
    };
    let at = conversation.find(Some(&place.record));
    at.map_err(|error| unplaced(&error, session))
}

/// Reads every life of a transcript, so that what a sweep or a rewrite took is there, too.
async fn read(client: &Client, main: &Source) -> Result<Conversation, CliError> {
    let mut conversation = Conversation::default();
    let total: u64 = main.generations.iter().map(|life| life.length).sum();
    if total > CONVERSATION_BYTES_MAX {
        return Err(CliError::usage("the session is larger than 2 GiB")
            .hint("\"sessions resume ID -- --fork-session\" forks it at its end"));
    }
    for life in &main.generations {
        let mut stream = client.bytes(main.id, Some(life.id)).await?;
        let mut bytes = Vec::new();
        while let Some(run) = stream.next().await? {
            bytes.extend(run);
        }
        CliError::unless_whole(stream.losses())?;
        conversation.add(&bytes);
    }
    Ok(conversation)
}

/// Writes the new session's transcript beside the old one, and what its edits can be undone by.
async fn write(
    client: &Client,
    sources: &[Source],
    (main, session): (&Source, &Session),
    (id, lines): (&str, &[u8]),
) -> Result<(), CliError> {
    let renamed = |source: &Source| Source {
        path: source.path.replace(session.id.as_str(), id),
        ..source.clone()
    };
    let backups = sources
        .iter()
        .filter(|source| source.kind == "file-history");
    let backups: Vec<Source> = backups.map(renamed).collect();
    let mut missing: Vec<Missing<'_>> = backups.iter().map(Missing::in_place).collect();
    let transcript = renamed(main);
    missing.push(Missing::in_place(&transcript));
    let written = restore::put_new(client, &missing, lines).await?;
    if written.kept.is_empty() {
        return Ok(());
    }
    Err(CliError::new(
        Kind::Internal,
        format!("there is a session {id} already"),
    ))
}

fn unplaced(error: &PlaceError, session: &Session) -> CliError {
    let kind = match error {
        PlaceError::Unknown(_) | PlaceError::Empty => Kind::Nothing,
        PlaceError::Ambiguous(..) => Kind::Usage,
    };
    let hint = format!(
        "\"sessions view --json {}\" has the id of each entry",
        session.id
    );
    CliError::new(kind, error.to_string()).hint(hint)
}

/// Returns a session id that nobody has: a random UUID (RFC 9562, version 4).
fn new_id() -> Result<String, CliError> {
    let mut bytes = [0; 16];
    let failed = |error| CliError::new(Kind::Daemon, format!("could not draw a new id: {error}"));
    getrandom::fill(&mut bytes).map_err(failed)?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut id = String::with_capacity(36);
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            id.push('-');
        }
        write!(id, "{byte:02x}").expect("a string takes everything");
    }
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_ids_are_uuids_of_version_4() {
        let (one, other) = (new_id().unwrap(), new_id().unwrap());
        assert_ne!(one, other);
        let parts: Vec<usize> = one.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12]);
        assert_eq!(one.as_bytes()[14], b'4');
        assert!(b"89ab".contains(&one.as_bytes()[19]), "{one}");
    }
}
