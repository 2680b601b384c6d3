//! A turn of the real client without hooks, with hooks that do nothing, and with ours: how much of its time they take.
//!
//! Prints the medians in milliseconds, in this order; `cargo xtask bench turn` compares them. They run by turns, so
//! that a busy machine is as busy for each.

use std::fs;
use std::io::{Write, stdout};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use sessions_tests::Home;
use sessions_tests::client::Scripted;
use sessions_tests::mock::{say, text};

/// Times each is run.
const ROUNDS: usize = 60;

/// What is compared.
const SIDES: usize = 3;

fn main() -> Result<()> {
    let scripted = Scripted::new()?;
    let root = scripted.config.root();
    let home = Home::new(&root)?;
    let daemon = home.start()?;
    let file = root.join("settings.json");
    let without = fs::read(&file)?;
    home.bytes(&["setup", "--yes"])?;
    let with = fs::read(&file)?;
    let settings = [without, doing_nothing(&with)?, with];
    let mut took: [Vec<f64>; SIDES] = Default::default();
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
        for place in 0..SIDES {
            let side = (place + round) % SIDES;
            let milliseconds = turn(&settings[side])?;
            // The first round warms all.
            if round > 0 {
                took[side].push(milliseconds);
            }
        }
    }
    let heard = home.json(&["status", "--json"])?;
    ensure!(
        heard["roots"][0]["last_event_at"].is_string(),
        "no hook has reported: {heard}"
    );
    daemon.stop()?;
    let [without, nothing, with] = took.map(median);
    Ok(writeln!(stdout(), "{without:.1} {nothing:.1} {with:.1}")?)
}

/// Returns the settings with the same hooks, each a line of shell that does nothing.
fn doing_nothing(settings: &[u8]) -> Result<Vec<u8>> {
    let mut settings: Value = serde_json::from_slice(settings)?;
    let events = settings["hooks"].as_object_mut();
    for entry in events.context("there are hooks")?.values_mut() {
        entry[0]["hooks"][0]["command"] = ":".into();
    }
    Ok(serde_json::to_vec_pretty(&settings)?)
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}
