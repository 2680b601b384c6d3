//! `sessions lost`.

use std::collections::HashSet;
use std::io::{Write, stderr};

use sessions_model::{Session, SessionFilter, Timestamp};

use crate::args::Lost;
use crate::commands::import;
use crate::context::Context;
use crate::error::CliError;
use crate::history::{Histories, Prompted};
use crate::json::{self, LostJson};
use crate::output::{Output, quiet};
use crate::render::lost;
use crate::render::text::one_line;
use crate::restore;
use crate::sweep::Sweep;

/// What is not on disk any more.
#[derive(Debug, Default)]
pub(crate) struct Losses {
    /// Sessions that the archive has and the disk has not, or not whole; latest first.
    pub(crate) restorable: Vec<Session>,
    /// Sessions that were gone before the archive could have them; latest first.
    pub(crate) gone: Vec<Prompted>,
    /// When what is there is deleted.
    pub(crate) sweeps: Vec<Sweep>,
}

/// How long before its mark a sweep may have begun, in milliseconds: the mark is made at its end.
const SWEEP_MS_MAX: i64 = 10 * 60 * 1000;

impl Losses {
    /// Counts the sessions that went with the last sweep of a root, or after it.
    pub(crate) fn since(&self, sweep: &Sweep) -> u64 {
        let Some(last) = sweep.last_at else {
            return 0;
        };
        let is_since = |session: &&Session| {
            let gone = session.gone_since.map(Timestamp::millis);
            session.root == sweep.root && gone.is_some_and(|at| at >= last.millis() - SWEEP_MS_MAX)
        };
        self.restorable.iter().filter(is_since).count() as u64
    }
}

/// Runs it.
pub(crate) async fn run(context: &Context, args: Lost) -> Result<(), CliError> {
    import::until_known(context).await?;
    let client = context.connect().await?;
    let root = context.root_filter();
    let filter = SessionFilter {
        root: root.clone(),
        ..SessionFilter::default()
    };
    let sessions = client.list(&filter).await?.sessions;
    let known: HashSet<&str> = sessions.iter().map(|known| known.id.as_str()).collect();
    let histories = Histories::read(&client, root.as_deref(), context.now.at).await?;
    for damaged in histories.damaged() {
        quiet(writeln!(stderr(), "note: {}", one_line(damaged)))?;
    }
    let unknown = histories
        .prompted()
        .filter(|prompted| !known.contains(&*prompted.id));
    let mut gone: Vec<Prompted> = unknown.cloned().collect();
    gone.sort_by_key(|gone| std::cmp::Reverse(gone.last_at));
    let roots = client
        .status()
        .await?
        .roots
        .into_iter()
        .map(|root| root.path);
    let roots = roots.filter(|path| root.as_ref().is_none_or(|root| root == path));
    let is_lost = |session: &Session| restore::is_missed(session) && !session.is_live;
    let losses = Losses {
        sweeps: roots.map(|root| Sweep::look(&root, &context.now)).collect(),
        restorable: sessions.into_iter().filter(is_lost).collect(),
        gone,
    };
    if args.json {
        let mut out = Output::direct();
        json::write(&mut out, &LostJson::new(&losses))?;
        out.finish()?;
    } else {
        let mut out = Output::paged(&context.terminal);
        write!(
            out,
            "{}",
            lost::report(&losses, &context.now, &context.terminal)
        )?;
        out.finish()?;
    }
    if losses.restorable.is_empty() && losses.gone.is_empty() {
        return Err(CliError::nothing());
    }
    Ok(())
}
