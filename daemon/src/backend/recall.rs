//! `/recall` inside Claude Code: what was found, for the user to read, and one of it, for the model.

use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};

use sessions_model::{
    Entry, EntryId, EntryKind, HookReply, HookReport, SearchAnswer, Session, SessionId, Timestamp,
};

use super::{Backend, Mark, Question, Refusal};

/// What a hit begins with that is handed to the model.
pub(crate) const RECALL_HEAD: &str = "The user recalled this from the past session";

/// What a list of hits ends with.
pub(crate) const RECALL_FOOT: &str = " 1 hands the first to Claude";

/// Hits shown.
const HITS: usize = 5;

/// Sessions whose last recall is remembered.
const RECALLED_MAX: usize = 64;

/// Characters of a title and of a snippet that are shown.
const TITLE_CHARS: usize = 72;
const SNIPPET_CHARS: usize = 160;

/// What the client hands to the model whole, in UTF-16 units: more is spilled to a file.
const CONTEXT_UNITS_MAX: usize = 9_800;

/// What a tool printed is cut to so many units: what was said counts for more.
const RESULT_UNITS_MAX: usize = 1_200;

/// About as many characters go to a token.
const CHARS_PER_TOKEN: usize = 4;

/// One hit that can be asked for by its number.
#[derive(Debug, Clone)]
struct Place {
    session: SessionId,
    title: String,
    entry: EntryId,
}

/// What was recalled last, in each of some sessions.
#[derive(Debug, Default)]
pub(super) struct Recalled(Mutex<VecDeque<(SessionId, Vec<Place>)>>);

impl Recalled {
    fn keep(&self, session: SessionId, places: Vec<Place>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(of, _)| *of != session);
        kept.push_back((session, places));
        if kept.len() > RECALLED_MAX {
            kept.pop_front();
        }
    }

    fn of(&self, session: &SessionId) -> Option<Vec<Place>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.iter().find(|(of, _)| of == session);
        found.map(|(_, places)| places.clone())
    }
}

impl Backend {
    /// Answers `/recall query`.
    pub(super) async fn recall(
        &self,
        report: &HookReport,
        query: &str,
    ) -> Result<HookReply, Refusal> {
        let name = if report.is_of_plugin {
            "/sessions:recall"
        } else {
            "/recall"
        };
        if query.is_empty() {
            return Ok(block(format!(
                "{name} WORDS finds them in past sessions; {name} 2 hands the second hit to Claude"
            )));
        }
        let recalled = self.hooks.recalled.of(&report.session);
        if let (Ok(number), Some(places)) = (query.parse::<usize>(), recalled) {
            let place = number.checked_sub(1).and_then(|at| places.get(at));
            return match place {
                Some(place) => self.hand_over(place, number).await,
                None => Ok(block(format!(
                    "There is no hit {number}: the last {name} found {}",
                    places.len()
                ))),
            };
        }
        let question = Question {
            query: query.to_owned(),
            limit: u32::try_from(HITS).unwrap_or(u32::MAX),
            root: self.facts.scope(&report.root),
            wait: super::hooks::SEARCH_WAIT,
            utc_offset_ms: report.utc_offset_ms,
            asking: Some(report.session.clone()),
            ..Question::default()
        };
        let answer = match self.search(question).await {
            Ok(answer) => answer,
            Err(Refusal::Query { message, .. }) => {
                return Ok(block(format!("{name} {query}: {message}")));
            }
            Err(refusal) => return Err(refusal),
        };
        let now = self.clock.now();
        let (text, places) = shown((name, query), answer, now);
        self.hooks.recalled.keep(report.session.clone(), places);
        Ok(block(text))
    }

    /// Hands a hit to the model: what was asked there, the hit, and what was said after it.
    async fn hand_over(&self, place: &Place, number: usize) -> Result<HookReply, Refusal> {
        let mut portion = self.read(place.session.clone(), Mark::default()).await?;
        let mut entries = Vec::new();
        while let Some(entry) = portion.next() {
            entries.push(entry);
        }
        let Some(text) = excerpt(&entries, &place.entry) else {
            return Ok(block(format!("Hit {number} is not there any more")));
        };
        let about = text.chars().count() / CHARS_PER_TOKEN;
        let title = line(&place.title, TITLE_CHARS);
        let context = format!(
            "{RECALL_HEAD} \"{title}\" ({}), about {about} tokens:\n{text}",
            place.session
        );
        Ok(HookReply {
            context: Some(context),
            notice: Some(format!(
                "Recalled hit {number}, about {about} tokens, from \"{title}\""
            )),
            ..HookReply::default()
        })
    }
}

fn block(text: String) -> HookReply {
    HookReply {
        block: Some(text),
        ..HookReply::default()
    }
}

/// Returns what is shown of an answer, and the places that its numbers mean.
fn shown(
    (name, query): (&str, &str),
    answer: SearchAnswer,
    now: Timestamp,
) -> (String, Vec<Place>) {
    let hits = answer.hits;
    let query = line(query, TITLE_CHARS);
    if hits.is_empty() {
        let offered = answer.suggestions.first();
        let looser = offered.map_or_else(String::new, |offer| {
            format!(
                "; this finds something: {name} {}",
                line(&offer.query, TITLE_CHARS)
            )
        });
        return (
            format!("Nothing in past sessions matches {query}{looser}"),
            Vec::new(),
        );
    }
    let mut text = format!("{name} {query}");
    for (hit, number) in hits.iter().zip(1..) {
        let Session { id, project, .. } = &hit.session;
        let age = hit
            .time
            .or(hit.session.ended_at)
            .map_or_else(String::new, |then| {
                format!(" · {}", age(now.millis_since(then)))
            });
        let title = line(&hit.session.title, TITLE_CHARS);
        let project = line(project, TITLE_CHARS);
        let snippet = line(&hit.snippet, SNIPPET_CHARS);
        // Of a session that is named after what was found, it is said once.
        let snippet = if snippet == title {
            String::new()
        } else {
            format!("\n   {snippet}")
        };
        let id = id.short();
        write!(
            text,
            "\n{number}  {title} · {project}{age}{snippet}\n   sessions resume {id}"
        )
        .expect("a string takes everything");
    }
    write!(text, "\n{name}{RECALL_FOOT}").expect("a string takes everything");
    let places = hits.into_iter().map(|hit| Place {
        session: hit.session.id,
        title: hit.session.title,
        entry: hit.entry,
    });
    (text, places.collect())
}

/// Returns the conversation around an entry, as far as the model takes it whole.
fn excerpt(entries: &[Entry], wanted: &EntryId) -> Option<String> {
    let is_part = |entry: &Entry| {
        entry.id.0 == wanted.0
            || wanted
                .0
                .strip_prefix(&*entry.id.0)
                .is_some_and(|rest| rest.starts_with('.'))
    };
    let at = entries.iter().position(is_part)?;
    let before = entries.get(..at)?;
    let prompt = before.iter().rfind(|entry| entry.kind == EntryKind::Prompt);
    let is_said = |entry: &&Entry| {
        matches!(
            entry.kind,
            EntryKind::Prompt | EntryKind::Answer | EntryKind::Summary
        )
    };
    let after = entries.iter().skip(at + 1).filter(is_said);
    let prompt = prompt.filter(|_| {
        entries
            .get(at)
            .is_some_and(|entry| entry.kind != EntryKind::Prompt)
    });
    let mut text = String::new();
    // A prompt may be as long as a file: it leaves most of the room to the hit.
    let mut room = CONTEXT_UNITS_MAX - CONTEXT_UNITS_MAX / 8;
    let first = prompt.into_iter().map(|entry| (entry, RESULT_UNITS_MAX));
    let hit = entries.get(at).map(|entry| (entry, CONTEXT_UNITS_MAX));
    let rest = after.map(|entry| (entry, CONTEXT_UNITS_MAX / 4));
    for (entry, units_max) in first.chain(hit).chain(rest) {
        let said = units(entry.text.trim(), units_max.min(room));
        if said.is_empty() {
            break;
        }
        let head = format!("\n[{}]\n", entry.kind.as_str());
        text.push_str(&head);
        text.push_str(&said);
        room = room.saturating_sub(head.len() + said.encode_utf16().count());
    }
    Some(text)
}

/// Returns the beginning of a text, of so many UTF-16 units, with a mark where more follows.
fn units(text: &str, units_max: usize) -> String {
    let mut taken = 0;
    let mut shown = String::new();
    for char in text.chars() {
        taken += char.len_utf16();
        if taken + 1 > units_max {
            shown.push('…');
            break;
        }
        // What a transcript holds may act on a terminal.
        shown.push(match char {
            '\n' | '\t' => char,
            _ if char.is_control() => '\u{fffd}',
            _ => char,
        });
    }
    if units_max == 0 { String::new() } else { shown }
}

/// Returns a text on one line, of at most so many characters.
fn line(text: &str, chars_max: usize) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let text = words.join(" ");
    let mut shown: String = text
        .chars()
        .map(|char| if char.is_control() { '\u{fffd}' } else { char })
        .take(chars_max)
        .collect();
    if text.chars().nth(chars_max).is_some() {
        shown.push('…');
    }
    shown
}

fn age(millis: i64) -> String {
    const MINUTE_MS: i64 = 60 * 1000;
    const HOUR_MS: i64 = 60 * MINUTE_MS;
    const DAY_MS: i64 = 24 * HOUR_MS;
    match millis {
        DAY_MS.. => format!("{}d ago", millis / DAY_MS),
        HOUR_MS.. => format!("{}h ago", millis / HOUR_MS),
        MINUTE_MS.. => format!("{}m ago", millis / MINUTE_MS),
        _ => "just now".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use sessions_model::Branch;

    use super::*;

    fn entry(id: &str, kind: EntryKind, text: &str) -> Entry {
        Entry {
            id: EntryId(id.to_owned()),
            kind,
            time: None,
            text: text.to_owned(),
            tool: None,
            is_error: false,
            agent: None,
            started: None,
            branch: Branch::Current,
            is_withdrawn: false,
            model: None,
            usage: None,
            images: 0,
            record_type: String::new(),
        }
    }

    fn check(wanted: &str, expect: Option<&str>) {
        let entries = [
            entry("1", EntryKind::Prompt, "first"),
            entry("2", EntryKind::Prompt, "why does it loop?"),
            entry("3", EntryKind::Thinking, "hm"),
            entry("4", EntryKind::ToolResult, "line 42\u{1b}[31m"),
            entry("5", EntryKind::ToolCall, "grep"),
            entry("6", EntryKind::Answer, "it never reads on"),
        ];
        let text = excerpt(&entries, &EntryId(wanted.to_owned()));
        assert_eq!(text.as_deref(), expect, "{wanted}");
    }

    #[test]
    fn a_hit_comes_with_its_prompt_and_what_was_said_after_it() {
        check(
            "4",
            Some(
                "\n[prompt]\nwhy does it loop?\n[tool-result]\nline 42\u{fffd}[31m\n[answer]\nit never reads on",
            ),
        );
        check(
            "2",
            Some("\n[prompt]\nwhy does it loop?\n[answer]\nit never reads on"),
        );
        check(
            "4.1",
            Some(
                "\n[prompt]\nwhy does it loop?\n[tool-result]\nline 42\u{fffd}[31m\n[answer]\nit never reads on",
            ),
        );
        check("7", None);
    }

    #[test]
    fn what_is_handed_over_is_never_longer_than_the_client_takes_whole() {
        for text in [
            "x".repeat(50_000),
            "検索".repeat(20_000),
            "🦓".repeat(20_000),
        ] {
            let entries: Vec<Entry> = (0..20)
                .map(|id| entry(&id.to_string(), EntryKind::Answer, &text))
                .collect();
            let text = excerpt(&entries, &EntryId("3".into())).unwrap();
            let units = text.encode_utf16().count();
            assert!(
                units <= CONTEXT_UNITS_MAX && units > CONTEXT_UNITS_MAX / 2,
                "{units}"
            );
        }
    }

    #[test]
    fn the_last_recalls_are_remembered() {
        let recalled = Recalled::default();
        let session = |number: usize| SessionId::parse(&number.to_string()).unwrap();
        for number in 0..=RECALLED_MAX {
            recalled.keep(session(number), Vec::new());
        }
        assert!(recalled.of(&session(0)).is_none());
        assert!(recalled.of(&session(RECALLED_MAX)).is_some());
    }
}
