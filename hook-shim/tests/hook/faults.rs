//! Whatever is wrong with the daemon, the disk, the payload or the environment, the client never notices.

use std::fs;
use std::io::Write;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::trial::{Trial, command, payload, run, wait_for};

/// Has somebody at the socket while `run` runs.
fn with_socket(trial: &Trial, kind: &str, run: impl FnOnce()) {
    let socket = trial.socket();
    match kind {
        "absent" => run(),
        "not a socket" => {
            fs::write(&socket, "x").unwrap();
            run();
        }
        "stale" => {
            drop(UnixListener::bind(&socket).unwrap());
            run();
        }
        "hung" => {
            let _listener = UnixListener::bind(&socket).unwrap();
            run();
        }
        "slams the door" => answering(&socket, b"", run),
        "speaks nonsense" => answering(&socket, &[0xff; 4096], run),
        _ => panic!("{kind}"),
    }
}

fn answering(socket: &Path, words: &'static [u8], run: impl FnOnce()) {
    let listener = UnixListener::bind(socket).unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            // Whoever left does not hear it.
            drop(stream.unwrap().write_all(words));
        }
    });
    run();
}

#[test]
fn who_looks_for_an_older_one_is_told_the_version() {
    let trial = Trial::new();
    let mut command = trial.command(&trial.program());
    let output = command.arg("--version").output().unwrap();
    let expect = concat!("sessions-hook ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expect);
    assert!(output.status.success());
}

#[test]
fn an_event_that_nobody_takes_is_kept_and_the_client_goes_on() {
    let kinds = [
        "absent",
        "not a socket",
        "stale",
        "hung",
        "slams the door",
        "speaks nonsense",
    ];
    let events = [
        "SessionStart",
        "SessionEnd",
        "Stop",
        "SubagentStop",
        "PreCompact",
        "PostCompact",
        "UserPromptSubmit",
    ];
    for kind in kinds {
        let trial = Trial::new();
        with_socket(&trial, kind, || {
            for (count, event) in events.iter().enumerate() {
                let ran = trial.run(&payload(event, ""));
                assert_eq!(ran.printed(), "", "{kind} {event}");
                assert_eq!(trial.spooled().len(), count + 1, "{kind} {event}");
            }
        });
    }
}

#[test]
fn a_payload_that_is_none_is_nothing_to_tell() {
    let trial = Trial::new();
    let deep = [b"{\"a\":".as_slice(), &vec![b'['; 1 << 20]].concat();
    let huge = payload("Stop", &format!(",\"x\":\"{}\"", "y".repeat(9 << 20)));
    let wrong: [&[u8]; 9] = [
        b"",
        b"{",
        b"null",
        &vec![0xff; 100_000],
        &deep,
        b"{\"hook_event_name\":\"Stop\"}",
        b"{\"hook_event_name\":\"Stop\",\"session_id\":\"../x\"}",
        &payload("ToolUse", ""),
        &payload("Stop", "")[..40],
    ];
    for payload in wrong {
        assert_eq!(trial.run(payload).printed(), "");
        assert_eq!(trial.spooled(), Vec::<String>::new());
    }
    // Of what is too long, that counts which came before.
    assert_eq!(trial.run(&huge).printed(), "");
    assert_eq!(trial.spooled().len(), 1);
}

#[test]
fn without_input_or_output_it_ends_well() {
    let trial = Trial::new();
    let closed = [
        "<&-",
        ">&-",
        "2>&-",
        "<&- >&- 2>&-",
        "</dev/full >/dev/full",
        "</",
    ];
    for closed in closed {
        let mut shell = trial.command(Path::new("/bin/sh"));
        shell.args(["-c", &format!("exec \"$0\" {closed}")]);
        shell.arg(trial.program());
        run(&mut shell, &payload("Stop", ""));
    }
}

#[test]
fn without_a_place_to_keep_anything_it_ends_well() {
    let trial = Trial::new();
    let nowhere = |name: &str, value: &str| {
        let mut command = trial.command(&trial.program());
        command
            .env_remove("SESSIONS_HOME")
            .env_remove("CLAUDE_CONFIG_DIR");
        // Never the home of whoever runs this test.
        command.env("HOME", "/dev/null/home").env(name, value);
        let ran = run(&mut command, &payload("SessionStart", ""));
        assert_eq!(ran.printed(), "", "{name}={value}");
    };
    nowhere("HOME", "/dev/null/home");
    nowhere("SESSIONS_HOME", "/dev/null/x");
    nowhere("SESSIONS_HOME", "/proc/1/x");
    nowhere("CLAUDE_CONFIG_DIR", "/");
    fs::write(trial.below_home("state"), "a file").unwrap();
    assert_eq!(trial.run(&payload("Stop", "")).printed(), "");
}

#[test]
fn an_input_that_never_ends_is_not_waited_for() {
    let trial = Trial::new();
    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(&payload("Stop", "")[..100]).unwrap();
    let status = trial.command(&trial.program()).stdin(reader).status();
    assert!(status.unwrap().success());
    drop(writer);
}

#[test]
fn a_client_that_is_slow_to_say_what_happened_is_heard() {
    // Twice as long as an event may take once it is said.
    const SLOW: Duration = Duration::from_millis(100);
    let trial = Trial::new();
    let mut child = trial.command(&trial.program()).spawn().unwrap();
    let spawned = Instant::now();
    wait_for("time", || (spawned.elapsed() > SLOW).then_some(()));
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&command("checkpoint", "late")).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(
        printed.contains("checkpoint \\\"late\\\" is noted"),
        "{printed}"
    );
    assert_eq!(trial.spooled().len(), 1);
}
