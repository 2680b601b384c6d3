//! Plays every scene once and gathers what the tests look at; nothing is left running afterwards.

use std::sync::OnceLock;

use anyhow::{Context, Result};
use serde_json::Value;
use sessions_tests::Home;
use sessions_tests::client::Config;
use sessions_tests::mock::Mock;
use sessions_tests::tree::Tree;

use crate::play::{Left, Lived, Stage, Told};
use crate::scenes;

/// How many things were looked at, and what was wrong with some of them.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// Things looked at.
    pub(crate) checked: usize,
    /// One sentence for each that is not as it must be.
    pub(crate) faults: Vec<String>,
}

impl Findings {
    fn add(&mut self, fault: Option<String>) {
        self.checked += 1;
        self.faults.extend(fault);
    }
}

/// What one play left behind.
#[derive(Debug)]
pub(crate) struct Evidence {
    /// Every source on disk against the archive.
    pub(crate) sources: Findings,
    /// Everything said against search.
    pub(crate) told: Findings,
    /// Every version the disk no longer has against the archive.
    pub(crate) lived: Findings,
    /// Entries found for words that a fork copied.
    pub(crate) copied_rows_total: u64,
    /// Sessions that left a transcript, sorted.
    pub(crate) sessions: Vec<String>,
    /// Sessions that are listed, sorted.
    pub(crate) listed: Vec<String>,
    /// How the daemon ended.
    pub(crate) stopped: Result<(), String>,
}

impl Evidence {
    /// Returns the evidence, playing everything on the first call.
    pub(crate) fn get() -> &'static Self {
        static EVIDENCE: OnceLock<Result<Evidence, String>> = OnceLock::new();
        let evidence = EVIDENCE.get_or_init(|| play().map_err(|error| format!("{error:#}")));
        match evidence {
            Ok(evidence) => evidence,
            Err(words) => panic!("the play did not come to its end: {words}"),
        }
    }
}

fn play() -> Result<Evidence> {
    let config = Config::new()?;
    let home = Home::new(&config.root())?;
    let mock = Mock::start()?;
    let daemon = home.start()?;
    let mut stage = Stage::new(&mock, &config, &home)?;
    for (name, scene) in scenes::ALL {
        scene(&mut stage).with_context(|| format!("scene: {name}"))?;
    }
    let left = stage.left;
    home.settle()?;
    let mut evidence = gather(&home, &config, left)?;
    evidence.stopped = daemon.stop().map_err(|error| format!("{error:#}"));
    Ok(evidence)
}

fn gather(home: &Home, config: &Config, left: Left) -> Result<Evidence> {
    let (mut sources, mut told, mut lived) = (
        Findings::default(),
        Findings::default(),
        Findings::default(),
    );
    for (path, bytes) in &Tree::read(&config.root())?.files {
        sources.add(home.difference(path, bytes)?);
    }
    for words in &left.told {
        told.add(search_for(home, words)?);
    }
    for version in &left.lived {
        lived.add(compare_lived(home, config, version)?);
    }
    let mut sessions = left.sessions;
    sessions.sort();
    let copied = home.search("kind:answer \"culvert of copper opens\"")?;
    Ok(Evidence {
        sources,
        told,
        lived,
        copied_rows_total: copied["total"]
            .as_u64()
            .context("a search says its total")?,
        sessions,
        listed: listed(home)?,
        stopped: Ok(()),
    })
}

fn search_for(home: &Home, told: &Told) -> Result<Option<String>> {
    let query = format!("kind:{} \"{}\"", told.kind, told.words);
    let answer = home.search(&query)?;
    let hits = answer["hits"].as_array().context("an answer has hits")?;
    let kind = hits.first().map(|hit| &hit["kind"]);
    let is_found = kind.is_some_and(|kind| kind == told.kind);
    Ok((!is_found).then(|| format!("{query}: {answer}")))
}

fn compare_lived(home: &Home, config: &Config, lived: &Lived) -> Result<Option<String>> {
    let session = &lived.session;
    let on_disk = config
        .transcript(session)
        .and_then(|path| Ok(std::fs::read(path)?));
    if on_disk.is_ok_and(|bytes| bytes.starts_with(&lived.bytes)) {
        return Ok(Some(format!(
            "{session}: the disk still has all of it, the scene shows nothing"
        )));
    }
    let size = lived.bytes.len();
    let fault = || format!("{session}: no generation starts with the {size} bytes that there were");
    Ok((!is_archived(home, lived)?).then(fault))
}

/// Looks through the generations of a transcript.
fn is_archived(home: &Home, lived: &Lived) -> Result<bool> {
    let sources = home.json(&["view", "--sources", "--json", &lived.session])?;
    let sources = sources.as_array().context("sources are an array")?;
    let transcripts = sources
        .iter()
        .filter(|source| source["kind"] == "transcript");
    for generation in transcripts.filter_map(|source| source["generations"].as_array()) {
        for generation in generation {
            let id = generation["generation"].to_string();
            let args = ["view", &lived.session, "--raw", "--generation", &id];
            if home.bytes(&args)?.starts_with(&lived.bytes) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

fn listed(home: &Home) -> Result<Vec<String>> {
    let sessions = home.json(&["list", "--json", "--limit", "1000"])?;
    let sessions = sessions.as_array().context("a list is an array")?;
    let id = |session: &Value| session["id"].as_str().map(str::to_owned);
    let mut ids: Vec<_> = sessions.iter().filter_map(id).collect();
    ids.sort();
    Ok(ids)
}
