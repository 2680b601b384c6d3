//! Quality: how far up known items come, in three corpora, beside other tools.
//!
//! Owns the order of the work. An entry is drawn from a corpus, some words of it are typed as people remember them,
//! and every tool is asked for it; what counts is the place of the session that holds it.

mod deja;
mod edit;
mod question;
mod reading;
mod report;
mod score;
mod tools;
mod words;
mod world;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::json;

use super::corpus::Corpus;
use super::ours::Ours;
use super::peers::Peers;
use super::table::Tool;
use crate::corpus::source;
use crate::workspace::Workspace;
use question::Question;
use reading::Reading;
use report::Report;
use tools::{Tools, Way};
use world::{SEED, World, Writer};

/// What is measured with.
#[derive(Debug)]
struct Bench<'a> {
    /// Where our programs are.
    programs: &'a Path,
    folder: PathBuf,
    peers: &'a Peers,
    deja: Option<deja::Deja>,
}

/// Writes the corpora below `folder`, asks every tool, prints a table for each, and fails if a target is missed.
pub(crate) fn measure(
    workspace: &Workspace,
    programs: &Path,
    folder: &Path,
    peers: &Peers,
) -> Result<()> {
    let bench = Bench {
        programs,
        folder: folder.join("quality"),
        peers,
        deja: deja::Deja::find(folder),
    };
    if bench.deja.is_none() {
        println!("deja is missing: put it on the search path to have it asked, too");
    }
    // The project's own text changes with each commit, and the questions would with it.
    let mut text = source::folders(workspace);
    text.retain(|folder| !folder.starts_with(&workspace.root));
    let writer = Writer::new(&text, &bench.folder)?;
    let root = writer.write(World::Plain)?;
    let reading = Reading::of(&root)?;
    let questions = question::draw(&reading, SEED);
    println!(
        "{} questions of {} entries among {} documents",
        questions.len(),
        reading.entries.len(),
        reading.documents()
    );
    let mut missed = Vec::new();
    for world in World::ALL {
        let root = match world {
            World::Plain => root.clone(),
            _ => writer.write(world)?,
        };
        writer.complete(world, &root, (&reading, &questions))?;
        let report = bench.measure(world, &root, &questions)?;
        let classes = report.missed();
        missed.extend(
            classes
                .iter()
                .map(|class| format!("{} ({})", class.name(), world.name())),
        );
    }
    if missed.is_empty() {
        Ok(())
    } else {
        bail!("missed: {}", missed.join(", "))
    }
}

impl Bench<'_> {
    /// Imports a corpus with every tool, and asks each for every question.
    fn measure(&self, world: World, root: &Path, questions: &[Question]) -> Result<Report> {
        let corpus = Corpus::open(root)?;
        let ours = Ours::new(self.programs, &self.folder.join("home"), root)?;
        ours.import()?;
        let mut peers = self.peers.indexing().iter();
        if let Some(peer) = peers.find(|peer| peer.tool == Tool::Agentsview) {
            peer.import(&corpus)?;
        }
        if let Some(deja) = &self.deja {
            deja.import(root)?;
        }
        let tools = Tools {
            ours: &ours,
            agentsview: self.peers.serve(&corpus)?,
            deja: self.deja.as_ref(),
            subagents: reading::subagents(root),
        };
        let ways = tools.ways();
        let (report, answers) = ask(&tools, &ways, questions)?;
        let file = self.folder.join(format!("{}.answers.jsonl", world.name()));
        std::fs::write(&file, answers)
            .with_context(|| format!("could not write {}", file.display()))?;
        println!(
            "\n{}: {:.0} MB in {} files; hit@1, hit@5, mean reciprocal rank\n\n{}",
            world.name(),
            corpus.megabytes(),
            corpus.files,
            report.render(&ways)
        );
        Ok(report)
    }
}

/// Asks every question every way; returns what was reached, and each answer as a line of JSON.
fn ask(tools: &Tools<'_>, ways: &[Way], questions: &[Question]) -> Result<(Report, String)> {
    let (mut report, mut answers) = (Report::default(), String::new());
    for question in questions {
        for way in ways {
            let found = tools.ask(*way, &question.query)?;
            let place = score::place(&found, &question.expected);
            report.count(question.class, *way, place);
            let answer = json!({
                "class": question.class.name(),
                "query": question.query,
                "words": question.words,
                "tool": way.name(),
                "place": place,
                "expected": question.expected,
                "found": found.iter().take(score::LOOKED_AT).collect::<Vec<_>>(),
            });
            writeln!(answers, "{answer}").context("could not format an answer")?;
        }
    }
    Ok((report, answers))
}
