//! Model values that tests render: invented sessions with every kind of entry and hostile text.

use jiff::tz::{TimeZone, offset};
use sessions_model::{
    AgentId, Branch, Coverage, DefectCount, DiskUse, Entry, EntryId, EntryKind, Fault, FaultKind,
    Highlight, Hit, OnDisk, Progress, Project, ProjectKey, RootStatus, SearchAnswer, Seq, Session,
    SessionId, Status, Timestamp, Tokens, Tool,
};

use crate::moment::Now;
use crate::terminal::{Paint, Terminal};

/// 2026-05-14 14:00 in a zone two hours ahead of UTC.
pub(crate) fn now() -> Now {
    Now {
        at: Timestamp(1_778_760_000_000),
        zone: TimeZone::fixed(offset(2)),
    }
}

fn minutes_ago(minutes: i64) -> Timestamp {
    Timestamp(now().at.millis() - minutes * 60_000)
}

pub(crate) fn terminal(columns: usize) -> Terminal {
    Terminal {
        columns,
        rows: Some(40),
        paint: Paint { is_on: false },
        plain: false,
        bars: false,
        pager: None,
    }
}

pub(crate) fn coloured(columns: usize) -> Terminal {
    Terminal {
        paint: Paint { is_on: true },
        ..terminal(columns)
    }
}

fn session(id: &str, project: &str, title: &str, minutes: i64) -> Session {
    Session {
        id: SessionId::parse(id).unwrap(),
        title: title.into(),
        project: project.into(),
        project_key: ProjectKey(format!("/src/{project}")),
        cwds: vec![format!("/src/{project}")],
        branch: Some("main".into()),
        started_at: Some(minutes_ago(minutes + 30)),
        ended_at: Some(minutes_ago(minutes)),
        entries: 42,
        prompts: 7,
        models: vec!["opus-4".into()],
        tokens: Tokens {
            input: 12_345,
            output: 2_345,
            cache_read: 1_000_000,
            cache_creation: 50_000,
        },
        bytes: 1_234_567,
        on_disk: OnDisk::Whole,
        is_live: false,
        entrypoint: Some("cli".into()),
        is_automated: false,
        root: "/home/user/.claude".into(),
        last_prompt: Some("and now the tests, please".into()),
        subagents: 1,
        checkpoints: 0,
        tags: Vec::new(),
        ended_by: None,
        gone_since: None,
    }
}

fn script(number: u32, project: &str, minutes: i64) -> Session {
    Session {
        is_automated: true,
        entrypoint: Some("sdk-cli".into()),
        prompts: 1,
        ..session(
            &format!("5c41{number:04}-aaaa"),
            project,
            "Summarise the diff",
            minutes,
        )
    }
}

pub(crate) fn sessions() -> Vec<Session> {
    let first = "3f9a1c2e-5b7d-4e1f-8a2b-000000000001";
    let live = Session {
        is_live: true,
        ..session(
            first,
            "parser",
            "Fix the lexer that loops on an unclosed quote",
            3,
        )
    };
    let wide = Session {
        on_disk: OnDisk::Gone,
        ..session(
            "3f9b77aa-1",
            "日本語プロジェクト",
            "検索が遅い原因を調べて、直してください",
            90,
        )
    };
    let hostile = Session {
        on_disk: OnDisk::Partly,
        branch: None,
        ..session(
            "77e0",
            "web",
            "\u{1b}]0;owned\u{7}A title\nof two lines \u{202e}txt.exe",
            60 * 24 * 3,
        )
    };
    let untitled = Session {
        ended_at: None,
        started_at: None,
        prompts: 1_234,
        ..session("a0", "parser", "", 0)
    };
    vec![
        live,
        script(1, "parser", 10),
        wide,
        script(2, "parser", 100),
        script(3, "web", 200),
        hostile,
        untitled,
    ]
}

fn entry(kind: EntryKind, text: &str) -> Entry {
    Entry {
        id: EntryId(format!("e-{}", kind.as_str())),
        kind,
        time: Some(minutes_ago(20)),
        text: text.into(),
        tool: None,
        is_error: false,
        agent: None,
        started: None,
        branch: Branch::Current,
        is_withdrawn: false,
        model: None,
        usage: None,
        images: 0,
        record_type: "user".into(),
    }
}

fn tool(name: &str, files: &[&str]) -> Tool {
    Tool {
        name: name.into(),
        call: "call-1".into(),
        files: files.iter().map(|file| (*file).to_owned()).collect(),
    }
}

fn call(name: &str, files: &[&str], text: &str) -> Entry {
    Entry {
        tool: Some(tool(name, files)),
        ..entry(EntryKind::ToolCall, text)
    }
}

fn result(name: &str, text: &str) -> Entry {
    Entry {
        tool: Some(tool(name, &[])),
        ..entry(EntryKind::ToolResult, text)
    }
}

/// One entry of every kind, and more of those that come in several forms.
pub(crate) fn entries() -> Vec<Entry> {
    let mut entries = conversation();
    entries.extend(subagent());
    entries.extend(rest());
    assert!(
        EntryKind::ALL
            .iter()
            .all(|kind| entries.iter().any(|entry| entry.kind == *kind))
    );
    entries
}

fn conversation() -> Vec<Entry> {
    let prompt = "The lexer loops for ever on `\"abc`.\n\nSee the *two* screenshots, and say why \
        before you change anything, please.";
    let output: Vec<String> = (1..=24)
        .map(|line| format!("line {line} of the output"))
        .collect();
    let title = "Fix the lexer that loops on an unclosed quote";
    let mut prompt = entry(EntryKind::Prompt, prompt);
    prompt.images = 2;
    let mut answer = entry(EntryKind::Answer, "I will look at `lexer.rs` first.");
    answer.model = Some("opus-4".into());
    let mut failed = result("Read", "file not found \u{1b}[2J```");
    failed.is_error = true;
    vec![
        entry(EntryKind::Title, title),
        prompt,
        entry(
            EntryKind::Thinking,
            "An unclosed quote reaches the end of input.",
        ),
        answer,
        call("Bash", &[], "cargo test -p lexer"),
        result("Bash", &output.join("\n")),
        call("Read", &["src/lexer.rs"], "src/lexer.rs"),
        failed,
    ]
}

fn subagent() -> Vec<Entry> {
    let agent = AgentId::parse("a1b2c3").unwrap();
    let mut start = call("Agent", &[], "Find every caller");
    start.started = Some(agent.clone());
    let mut prompt = entry(EntryKind::Prompt, "Find every caller of next_token.");
    prompt.agent = Some(agent.clone());
    let found = "日本語のコメントがある呼び出し元を三つ見つけました。";
    let mut answer = entry(EntryKind::Answer, found);
    answer.agent = Some(agent);
    vec![start, prompt, answer]
}

fn rest() -> Vec<Entry> {
    let mut abandoned = entry(EntryKind::Prompt, "No, the other file.");
    abandoned.branch = Branch::Abandoned;
    let mut withdrawn = entry(
        EntryKind::Summary,
        "The lexer was fixed; the tests are left.",
    );
    withdrawn.is_withdrawn = true;
    let mut unknown = entry(EntryKind::Unknown, "{\"type\":\"hologram\"}");
    unknown.record_type = "hologram".into();
    vec![
        abandoned,
        entry(EntryKind::Interrupt, "[Request interrupted by user]"),
        entry(EntryKind::ApiError, "API Error: 529 overloaded"),
        entry(EntryKind::Command, "/compact"),
        entry(EntryKind::Compaction, "Conversation compacted"),
        withdrawn,
        entry(EntryKind::System, "A hook took 3 s"),
        entry(EntryKind::Note, "ask about the parser too"),
        entry(
            EntryKind::Checkpoint,
            "before the parser\nmain at 0123456789ab, with changes",
        ),
        unknown,
    ]
}

pub(crate) fn answer() -> SearchAnswer {
    let sessions = sessions();
    let hit = |session: &Session, kind, snippet: &str, word: &str, more_in_session| {
        let start = snippet.find(word).unwrap();
        Hit {
            session: session.clone(),
            entry: EntryId("e-1".into()),
            kind,
            tool: (kind == EntryKind::ToolResult).then(|| "Bash".to_owned()),
            time: Some(minutes_ago(20)),
            score: 7.5,
            snippet: snippet.into(),
            highlights: vec![Highlight {
                start: u32::try_from(start).unwrap(),
                end: u32::try_from(start + word.len()).unwrap(),
            }],
            more_in_session,
            is_echo: kind == EntryKind::Thinking,
            parts: None,
        }
    };
    let long = "the output begins long before what was searched for, and goes on with the lexer that loops on an unclosed quote until the memory is full";
    SearchAnswer {
        hits: vec![
            hit(
                &sessions[0],
                EntryKind::Prompt,
                "The lexer loops for ever",
                "lexer",
                0,
            ),
            hit(&sessions[0], EntryKind::ToolResult, long, "lexer", 1_200),
            hit(
                &sessions[2],
                EntryKind::Answer,
                "字句解析器 (lexer) を直しました",
                "lexer",
                2,
            ),
            hit(
                &sessions[5],
                EntryKind::Thinking,
                "\u{1b}[31mred\u{1b}[0m lexer\r\nof\ttwo lines",
                "lexer",
                0,
            ),
        ],
        total: 1_206,
        sessions: 9,
        took_us: 840,
        coverage: Coverage {
            indexed_seq: Seq(41),
            archive_seq: Seq(42),
            complete: true,
            reason: None,
        },
        left_out: 3,
        ..SearchAnswer::default()
    }
}

pub(crate) fn status() -> Status {
    let since = minutes_ago(5);
    Status {
        version: "0.1.0".into(),
        pid: 4_242,
        started_at: minutes_ago(600),
        coverage: Coverage {
            indexed_seq: Seq(41),
            archive_seq: Seq(42),
            complete: false,
            reason: Some("an import is going on".into()),
        },
        is_paused: false,
        sessions: 330,
        sources: 2_149,
        bytes: 994_000_000,
        roots: vec![
            RootStatus {
                path: "/home/user/.claude".into(),
                watched_by: "events".into(),
                last_archived_at: Some(minutes_ago(0)),
                last_event_at: None,
                sources: 2_100,
                bytes: 990_000_000,
            },
            RootStatus {
                path: "/mnt/other".into(),
                watched_by: "missing".into(),
                ..RootStatus::default()
            },
        ],
        progress: Some(Progress {
            sources_done: 300,
            sources_total: 2_149,
            bytes_archived: 600_000_000,
            bytes_indexed: 450_000_000,
            bytes_total: 994_000_000,
            bytes_per_second: 80_000_000,
            seconds_left: Some(7),
        }),
        defects: vec![
            DefectCount {
                name: "json".into(),
                count: 3,
            },
            DefectCount {
                name: "unknown:hologram".into(),
                count: 1_200,
            },
        ],
        disk: DiskUse {
            archive: 210_000_000,
            catalog: 12_000_000,
            index: 120_000_000,
            logs: 1_000_000,
            free: 50_000_000_000,
            growth_per_month: 800_000_000,
            months_until_full: Some(62),
        },
        faults: vec![Fault {
            kind: FaultKind::Root,
            message: "could not read /mnt/other".into(),
            hint: "mount it, or exclude it in config.toml".into(),
            since,
        }],
        sandbox: vec![
            "no network".into(),
            "no writing outside its own directories".into(),
        ],
    }
}

pub(crate) fn projects() -> Vec<Project> {
    vec![
        Project {
            key: ProjectKey("git@host:team/parser.git".into()),
            name: "parser".into(),
            sessions: 240,
            automated: 214,
            bytes: 1_234_567,
            last_at: Some(minutes_ago(3)),
            cwds: vec!["/src/parser".into()],
        },
        Project {
            key: ProjectKey("/src/日本語プロジェクト".into()),
            name: "日本語プロジェクト".into(),
            sessions: 1,
            automated: 0,
            bytes: 999,
            last_at: None,
            cwds: Vec::new(),
        },
    ]
}
