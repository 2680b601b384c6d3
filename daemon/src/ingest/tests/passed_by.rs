//! What stands where a source would, and cannot be one: it is said, with its path.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use super::bench::{Bench, rows};

#[test]
fn pipes_and_names_that_no_id_has_are_said_with_their_path() {
    let mut bench = Bench::new();
    let folder = bench.path("projects/-p");
    let id = "00000001-1112-4e12-b9d9-295c89e5b1ba";
    let broken = folder.join(format!("{id}\n\u{1b}[1m.jsonl"));
    let long = folder.join(format!("{}.jsonl", "n".repeat(129)));
    let pipe = folder.join(format!("{id}.jsonl"));
    let make_pipe = || {
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, mode).unwrap();
    };
    fs::write(&broken, "{}\n").unwrap();
    fs::write(&long, "{}\n").unwrap();
    make_pipe();
    let messages = |bench: &Bench| -> Vec<String> {
        let faults = bench.handle().faults();
        faults.into_iter().map(|fault| fault.message).collect()
    };
    let check = |bench: &mut Bench| {
        bench.until(|bench| messages(bench).len() == 3);
        let said = messages(bench).join("\n");
        assert!(
            said.contains(&format!("{id}\\n\\u{{1b}}[1m.jsonl holds")),
            "{said}"
        );
        assert!(said.contains(&format!("{id}.jsonl is a pipe")), "{said}");
        assert!(said.contains("nnn.jsonl is longer than an id"), "{said}");
        assert!(!bench.settle().complete);
    };
    // Both when they are there at the start, and when they come later.
    bench.start();
    check(&mut bench);
    for file in [&broken, &long, &pipe] {
        fs::remove_file(file).unwrap();
    }
    bench.until(|bench| bench.settle().complete && bench.handle().faults().is_empty());
    fs::write(&broken, "{}\n").unwrap();
    fs::write(&long, "{}\n").unwrap();
    make_pipe();
    bench.settle();
    check(&mut bench);
    fs::remove_file(&pipe).unwrap();
    bench.write(&format!("projects/-p/{id}.jsonl"), rows(0, 5, 100));
    fs::remove_file(&broken).unwrap();
    fs::remove_file(&long).unwrap();
    bench.until(|bench| bench.settle().complete && bench.handle().faults().is_empty());
}

#[test]
fn what_cannot_be_archived_for_its_name_or_depth_is_said_once() {
    let mut bench = Bench::new();
    let early = OsStr::from_bytes(b"early-\xff.jsonl");
    fs::write(bench.path("projects/-p").join(early), "{}\n").unwrap();
    bench.start();
    bench.until(|bench| bench.handle().faults().len() == 1);
    let late = bench
        .path("projects/-p")
        .join(OsStr::from_bytes(b"late-\xff"));
    fs::create_dir(&late).unwrap();
    fs::write(late.join("a.jsonl"), "{}\n").unwrap();
    bench.settle();
    bench.until(|bench| bench.handle().faults().len() == 2);
    let messages = |bench: &Bench| -> Vec<String> {
        let faults = bench.handle().faults();
        faults.into_iter().map(|fault| fault.message).collect()
    };
    assert!(
        messages(&bench)
            .iter()
            .all(|message| message.contains("not UTF-8")),
        "{:?}",
        messages(&bench)
    );
    assert!(!bench.settle().complete);
    fs::remove_dir_all(&late).unwrap();
    fs::remove_file(bench.path("projects/-p").join(early)).unwrap();
    bench.until(|bench| bench.settle().complete && bench.handle().faults().is_empty());
    fs::create_dir_all(bench.path(&format!("projects/{}", "d/".repeat(20)))).unwrap();
    bench.until(|bench| {
        messages(bench)
            .iter()
            .any(|message| message.contains("folders deep"))
    });
    assert_eq!(bench.handle().faults().len(), 1);
}
