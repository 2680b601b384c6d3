//! The archived files of a session, and the lives each of them had.

use std::fmt::Write;

use sessions_client::{Generation, Source};

use super::quantity::size;
use super::text::{escaped, one_line};
use crate::moment::Now;

/// Returns a line for each file, and one for each of its generations.
pub(crate) fn list(sources: &[Source], now: &Now) -> String {
    let mut text = String::new();
    for source in sources {
        let gone = if source.is_gone {
            ", gone from disk"
        } else {
            ""
        };
        writeln!(
            text,
            "{}  {}{gone}",
            escaped(&source.path),
            one_line(&source.kind)
        )
        .expect("a string takes everything");
        for generation in &source.generations {
            text.push_str(&line(generation, now));
        }
    }
    text
}

fn line(generation: &Generation, now: &Now) -> String {
    let Generation {
        id,
        length,
        opened_at,
        is_current,
    } = generation;
    let newest = if *is_current { "  newest" } else { "" };
    format!(
        "  generation {id}  {:>8}  first seen {}{newest}\n",
        size(*length),
        now.minute(*opened_at),
    )
}

#[cfg(test)]
mod tests {
    use sessions_model::{GenerationId, SourceId};

    use super::*;
    use crate::samples;

    #[test]
    fn files_are_listed_with_their_generations() {
        let generation = |id, length, is_current| Generation {
            id: GenerationId(id),
            length,
            opened_at: samples::now().at,
            is_current,
        };
        let source = |path: &str, kind: &str, generations: Vec<Generation>, is_gone| Source {
            id: SourceId(1),
            path: path.into(),
            root: "/home/user/.claude".into(),
            kind: kind.into(),
            generations,
            is_gone,
        };
        let rewritten = vec![generation(3, 6_050_000, false), generation(9, 30_000, true)];
        let sources = [
            source("projects/-src/3f.jsonl", "transcript", rewritten, false),
            source(
                "file-history/3f/\u{1b}[31m@v1",
                "file-history",
                vec![generation(4, 12, true)],
                true,
            ),
        ];
        insta::assert_snapshot!(list(&sources, &samples::now()));
    }
}
