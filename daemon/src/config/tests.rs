//! What is taken from a settings file, and what is said of one that is wrong.

use super::*;

fn read_from(text: &str) -> (Settings, Vec<String>) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("config.toml");
    fs::write(&file, text).unwrap();
    let (settings, faults) = read(&file, Path::new("/h"));
    let name = format!("{}:", file.display());
    (
        settings,
        faults
            .into_iter()
            .map(|fault| fault.message.replace(&name, ""))
            .collect(),
    )
}

#[test]
fn missing_file_means_defaults() {
    let (settings, faults) = read(Path::new("/nowhere/config.toml"), Path::new("/h"));
    assert_eq!((settings, faults), (Settings::default(), Vec::new()));
}

#[test]
fn settings_are_taken_and_home_is_expanded() {
    let (settings, faults) = read_from(
        "roots = [\"~/.claude\", \"/x\"]\nexclude = [\"**/a\"]\nmin_free_mb = 1\nwatch = \"polling\"\n",
    );
    assert_eq!(faults, Vec::<String>::new());
    assert_eq!(
        settings.roots,
        [PathBuf::from("/h/.claude"), PathBuf::from("/x")]
    );
    assert_eq!(settings.min_free_bytes, 1 << 20);
    assert_eq!(settings.watch, Method::Polling);
}

#[test]
fn one_text_is_a_list_of_one() {
    let (settings, faults) = read_from("exclude = \"**/secret/**\"\n");
    assert_eq!(
        (settings.exclude, faults),
        (vec!["**/secret/**".into()], Vec::new())
    );
}

#[test]
fn what_may_hide_an_exclude_is_known_for_it() {
    let check = |text: &str, expect: bool| {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config.toml");
        fs::write(&file, text).unwrap();
        let (_, faults) = read(&file, Path::new("/h"));
        assert!(!faults.is_empty(), "{text}");
        let hides = faults.iter().any(|fault| fault.hides_excludes);
        assert_eq!(hides, expect, "{text}: {faults:?}");
    };
    check("log = 3\nlok = 3\n", false);
    check("roots = 3\n", false);
    check("exclude = 3\n", true);
    check("exclude = [\"ok\", 3]\n", true);
    check("exclude = [\"[\"]\n", true);
    check("exclude_roots = { a = 1 }\n", true);
    check("excludes = [\"**/secret/**\"]\n", true);
    check("log = \"info\n", true);
    let dir = tempfile::tempdir().unwrap();
    let (file, lost) = (dir.path().join("config.toml"), dir.path().join("lost"));
    let hides = || {
        read(&file, Path::new("/h"))
            .1
            .iter()
            .any(|fault| fault.hides_excludes)
    };
    std::os::unix::fs::symlink(lost, &file).unwrap();
    assert!(hides(), "a link to nowhere");
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    assert!(hides(), "a directory");
    fs::remove_dir(&file).unwrap();
    fs::write(&file, [0xff]).unwrap();
    assert!(hides(), "not UTF-8");
}

#[test]
fn every_fault_is_reported_with_its_line_and_the_rest_stands() {
    let (settings, faults) =
        read_from("rots = []\nlog = 3\nexclude = [\"ok\", \"[\"]\nmin_free_mb = -1\nwatch = 1");
    assert_eq!(settings.exclude, ["ok"]);
    assert_eq!(
        faults,
        [
            "1: unknown setting \"rots\"",
            "2: expected a text",
            "3: \"[\" is no glob",
            "4: expected a number of megabytes",
            "5: expected a way of watching",
        ]
    );
}
