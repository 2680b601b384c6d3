//! `export` and `backup`: what leaves the archive, whole and never over something else.

use std::fs;

use sessions_tests::Home;

use crate::{PARSER, Samples};

#[test]
fn exports_hold_the_session_in_each_format() {
    let samples = Samples::archived();
    let export = |format: &str| {
        let args = ["export", PARSER, "--format", format];
        String::from_utf8(samples.home.bytes(&args).unwrap()).unwrap()
    };
    for format in ["markdown", "text", "json"] {
        let text = export(format);
        assert!(
            text.contains("drops the last character"),
            "{format}: {text}"
        );
    }
    assert!(export("markdown").contains("```rust"));
    let json: serde_json::Value = serde_json::from_str(&export("json")).unwrap();
    assert!(!json["schema"].is_null(), "no schema in {json}");
    let original = samples.home.bytes(&["view", PARSER, "--raw"]).unwrap();
    assert_eq!(export("jsonl").into_bytes(), original);
    samples.daemon.stop().unwrap();
}

#[test]
fn a_dash_is_standard_output() {
    let samples = Samples::archived();
    let whole = samples.home.bytes(&["export", PARSER]).unwrap();
    let args = ["export", PARSER, "-o", "-"];
    assert_eq!(samples.home.bytes(&args).unwrap(), whole);
    assert!(!samples.home.path().join("-").exists());
    samples.check_exit(&["export", "--all", "-o", "-"], 2);
    samples.daemon.stop().unwrap();
}

#[test]
fn all_sessions_are_exported_to_a_directory() {
    let samples = Samples::archived();
    let directory = samples.home.path().join("out");
    let path = directory.to_str().unwrap();
    samples
        .home
        .bytes(&["export", "--all", "-o", path])
        .unwrap();
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 13);
    samples.daemon.stop().unwrap();
}

#[test]
fn pipes_and_links_are_written_to_and_not_replaced() {
    let samples = Samples::archived();
    let whole = samples.home.bytes(&["export", PARSER]).unwrap();
    let pipe = samples.home.path().join("pipe");
    rustix::fs::mkfifoat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::Mode::from_raw_mode(0o600),
    )
    .unwrap();
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::read(pipe).unwrap()
    });
    let export = ["export", PARSER, "-o", pipe.to_str().unwrap()];
    samples.home.bytes(&export).unwrap();
    assert!(
        !fs::symlink_metadata(&pipe).unwrap().is_file(),
        "it is a pipe still"
    );
    assert_eq!(reader.join().unwrap(), whole);

    let [file, link] = ["file.md", "link.md"].map(|name| samples.home.path().join(name));
    fs::write(&file, "before").unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let export = ["export", PARSER, "-o", link.to_str().unwrap()];
    samples.check_exit(&export, 2);
    assert_eq!(fs::read(&file).unwrap(), b"before");
    let export = ["export", PARSER, "--force", "-o", link.to_str().unwrap()];
    samples.home.bytes(&export).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read(&file).unwrap(), whole);
    samples.check_exit(&["export", "--all", "-o", file.to_str().unwrap()], 2);
    samples.daemon.stop().unwrap();
}

#[test]
fn a_backup_is_an_archive_that_answers_the_same() {
    let samples = Samples::archived();
    let file = samples.home.path().join("backup.db");
    let path = file.to_str().unwrap();
    samples.home.bytes(&["backup", path]).unwrap();
    let again = samples.check_exit(&["backup", path], 2);
    assert!(again.contains("backup.db"), "{again}");

    let restored = Home::new(&samples.home.path().join("no-such-root")).unwrap();
    let archive = restored.path().join("data/archive");
    fs::create_dir_all(&archive).unwrap();
    fs::copy(&file, archive.join("archive.db")).unwrap();
    let daemon = restored.start().unwrap();
    restored.rest().unwrap();
    let raw = ["view", PARSER, "--raw"];
    assert_eq!(
        restored.bytes(&raw).unwrap(),
        samples.home.bytes(&raw).unwrap()
    );
    let ask = |home: &Home| home.search("is_escaped").unwrap()["total"].clone();
    assert_eq!(ask(&restored), ask(&samples.home));
    daemon.stop().unwrap();
    samples.daemon.stop().unwrap();
}
