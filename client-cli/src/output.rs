//! Where an answer goes: standard output, or a pager once it is longer than the screen.

use std::io::{self, BufWriter, ErrorKind, Stdout, Write, stdout};

use crate::terminal::Terminal;
use pager::Pager;

mod pager;

/// Takes an answer as it is made.
#[derive(Debug)]
pub(crate) struct Output {
    target: Target,
    pager: Option<String>,
    /// Lines that fit before the pager is needed.
    room: usize,
}

#[derive(Debug)]
enum Target {
    Direct(BufWriter<Stdout>),
    /// Kept until it is clear whether the pager is needed.
    Undecided(Vec<u8>),
    Pager(Pager),
}

impl Output {
    /// Writes to standard output as it comes.
    pub(crate) fn direct() -> Self {
        Self {
            target: Target::Direct(BufWriter::new(stdout())),
            pager: None,
            room: 0,
        }
    }

    /// Writes to `terminal`: through a pager if there is more than a screenful.
    pub(crate) fn paged(terminal: &Terminal) -> Self {
        match terminal.rows {
            Some(rows) if !terminal.plain => Self {
                target: Target::Undecided(Vec::new()),
                pager: terminal.pager.clone(),
                room: rows.saturating_sub(1),
            },
            _ => Self::direct(),
        }
    }

    /// Writes what is left, and waits until the reader leaves the pager.
    pub(crate) fn finish(self) -> io::Result<()> {
        match self.target {
            Target::Direct(mut out) => quiet(out.flush()),
            Target::Undecided(bytes) => quiet(stdout().write_all(&bytes)),
            Target::Pager(pager) => {
                let unseen = pager.end()?.unwrap_or_default();
                quiet(stdout().write_all(&unseen))
            }
        }
    }

    /// Writes directly from now on, beginning with what a pager that failed was given and has not shown; fails as
    /// its pipe did where somebody has seen enough.
    fn do_without_pager(&mut self) -> io::Result<()> {
        let direct = Target::Direct(BufWriter::new(stdout()));
        let Target::Pager(pager) = std::mem::replace(&mut self.target, direct) else {
            return Ok(());
        };
        let unseen = pager.end()?.ok_or(ErrorKind::BrokenPipe)?;
        self.write_all(&unseen)
    }

    fn decide(&mut self) -> io::Result<()> {
        let Target::Undecided(bytes) = &mut self.target else {
            return Ok(());
        };
        if bytes.split(|byte| *byte == b'\n').count() <= self.room + 1 {
            return Ok(());
        }
        let bytes = std::mem::take(bytes);
        self.target = match Pager::start(self.pager.as_deref()) {
            Some(pager) => Target::Pager(pager),
            None => Target::Direct(BufWriter::new(stdout())),
        };
        self.write_all(&bytes)
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.target {
            Target::Direct(out) => out.write(bytes),
            Target::Pager(pager) => match pager.write(bytes) {
                Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                    self.do_without_pager()?;
                    self.write(bytes)
                }
                written => written,
            },
            Target::Undecided(kept) => {
                kept.extend_from_slice(bytes);
                self.decide()?;
                Ok(bytes.len())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.target {
            Target::Direct(out) => out.flush(),
            // A pipe holds nothing back, and what is undecided is not due.
            Target::Pager(_) | Target::Undecided(_) => Ok(()),
        }
    }
}

/// A reader that has seen enough and left is no failure.
pub(crate) fn quiet(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
