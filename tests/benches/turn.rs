//! A turn of the real client, with our hooks in its settings and without: how much of its time they take.
//!
//! Prints the medians in milliseconds, without and with; `cargo xtask bench turn` compares them. Both run in turn, so
//! that a busy machine is as busy for either.

use std::fs;
use std::io::{Write, stdout};
use std::time::Instant;

use anyhow::{Result, ensure};
use sessions_tests::Home;
use sessions_tests::client::Scripted;
use sessions_tests::mock::{say, text};

/// Times each is run.
const ROUNDS: usize = 40;

/// One with the settings as they were, and one as `sessions setup` left them.
struct Sides {
    settings: [Vec<u8>; 2],
    /// In milliseconds.
    took: [Vec<f64>; 2],
}

fn main() -> Result<()> {
    let scripted = Scripted::new()?;
    let root = scripted.config.root();
    let home = Home::new(&root)?;
    let daemon = home.start()?;
    let file = root.join("settings.json");
    let without = fs::read(&file)?;
    home.bytes(&["setup", "--yes"])?;
    let mut sides = Sides {
        settings: [without, fs::read(&file)?],
        took: [Vec::new(), Vec::new()],
    };
    let turn = |settings: &[u8]| -> Result<f64> {
        fs::write(&file, settings)?;
        let prompt = scripted.mock.prompt("Hello", [say([text("Good day")])]);
        let started = Instant::now();
        let answer = scripted.ask(&prompt, &[])?;
        let took = started.elapsed().as_secs_f64() * 1e3;
        ensure!(answer.text == "Good day", "{answer:?}");
        Ok(took)
    };
    for round in 0..=ROUNDS {
        for side in [round % 2, 1 - round % 2] {
            let took = turn(&sides.settings[side])?;
            // The first round warms both.
            if round > 0 {
                sides.took[side].push(took);
            }
        }
    }
    let heard = home.json(&["status", "--json"])?;
    ensure!(
        heard["roots"][0]["last_event_at"].is_string(),
        "no hook has reported: {heard}"
    );
    daemon.stop()?;
    let [without, with] = sides.took.map(median);
    Ok(writeln!(stdout(), "{without:.1} {with:.1}")?)
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}
