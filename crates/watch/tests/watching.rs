//! Watching real directories.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set up its directories has failed"
)]

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sessions_watch::{Hints, Method, Options, RootIndex, RootWatch, Wake, Watcher};
use tempfile::TempDir;

/// Far beyond what any of this takes.
const PATIENCE: Duration = Duration::from_secs(20);

struct Bench {
    home: TempDir,
    watcher: Watcher,
    hints: Hints,
}

fn options(method: Method) -> Options {
    Options {
        folders: vec!["projects".into(), "file-history".into()],
        poll_every: Duration::from_millis(20),
        method,
        ..Options::default()
    }
}

fn start(method: Method, prepare: impl FnOnce(&Path)) -> Bench {
    start_with(prepare, |_| options(method))
}

fn start_with(prepare: impl FnOnce(&Path), options: impl FnOnce(&Path) -> Options) -> Bench {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join("cookies")).unwrap();
    prepare(home.path());
    let root = home.path().join("root");
    let cookies = home.path().join("cookies");
    let options = options(home.path());
    let (watcher, mut hints) = Watcher::start(vec![root], &cookies, options).unwrap();
    hints.cover();
    Bench {
        home,
        watcher,
        hints,
    }
}

impl Bench {
    fn path(&self, below: &str) -> PathBuf {
        self.home.path().join("root").join(below)
    }

    /// Takes wakes until one satisfies `is_enough`, and returns everything reported until then.
    fn until(&mut self, is_enough: impl Fn(&Wake) -> bool) -> BTreeSet<String> {
        let end = Instant::now() + PATIENCE;
        let mut all = BTreeSet::new();
        loop {
            let wake = self.hints.next(Some(end));
            all.extend(
                wake.paths
                    .iter()
                    .map(|changed| changed.path.display().to_string()),
            );
            all.extend(wake.rescans.iter().map(|root| format!("rescan {}", root.0)));
            if is_enough(&wake) {
                return all;
            }
            assert!(
                Instant::now() < end,
                "not reported in time; heard of {all:?}"
            );
        }
    }

    fn until_cookie(&mut self, name: &str) -> BTreeSet<String> {
        fs::write(self.home.path().join("cookies").join(name), "").unwrap();
        self.until(|wake| wake.cookies.contains(&OsString::from(name)))
    }
}

fn projects(home: &Path) {
    fs::create_dir_all(home.join("root/projects/p")).unwrap();
}

fn reports(wake: &Wake, path: &str) -> bool {
    wake.paths
        .iter()
        .any(|changed| changed.path == Path::new(path))
}

#[test]
fn every_append_made_before_a_cookie_is_reported_with_it() {
    let mut bench = start(Method::Events, projects);
    for round in 0..500 {
        let name = format!("projects/p/{}.jsonl", round % 7);
        fs::write(bench.path(&name), vec![b'x'; round]).unwrap();
        let heard = bench.until_cookie(&round.to_string());
        assert!(heard.contains(&name), "round {round}: {heard:?}");
    }
}

#[test]
fn files_in_folders_made_a_moment_ago_are_reported_themselves_or_by_their_folder() {
    let mut bench = start(Method::Events, projects);
    for round in 0..50 {
        let folder = format!("projects/new-{round}/s/subagents/workflows");
        fs::create_dir_all(bench.path(&folder)).unwrap();
        let file = format!("{folder}/agent-1.jsonl");
        fs::write(bench.path(&file), "1").unwrap();
        let heard = bench.until_cookie(&format!("a{round}"));
        assert!(
            heard.iter().any(|path| Path::new(&file).starts_with(path)),
            "{heard:?}"
        );
        fs::write(bench.path(&file), "12").unwrap();
        let heard = bench.until_cookie(&format!("b{round}"));
        assert!(heard.contains(&file), "round {round}: {heard:?}");
    }
}

#[test]
fn a_folder_removed_and_made_again_is_covered_again() {
    let mut bench = start(Method::Events, projects);
    for (round, gone) in ["projects/p", "projects", "projects/p"]
        .into_iter()
        .enumerate()
    {
        fs::remove_dir_all(bench.path(gone)).unwrap();
        bench.until_cookie(&format!("gone{round}"));
        fs::create_dir_all(bench.path("projects/p")).unwrap();
        bench.until_cookie(&format!("made{round}"));
        fs::write(bench.path("projects/p/a.jsonl"), "1").unwrap();
        let heard = bench.until_cookie(&format!("written{round}"));
        assert!(heard.contains("projects/p/a.jsonl"), "{gone}: {heard:?}");
    }
}

#[test]
fn a_root_that_goes_and_comes_is_walked_and_covered() {
    let mut bench = start(Method::Events, |_| ());
    assert_eq!(bench.watcher.root_watches(), [RootWatch::Missing]);
    for round in 0..3 {
        fs::create_dir_all(bench.path("projects")).unwrap();
        bench.until(|wake| wake.rescans == [RootIndex(0)]);
        assert_eq!(bench.watcher.root_watches(), [RootWatch::Events]);
        fs::write(bench.path("projects/a.jsonl"), "1").unwrap();
        assert!(
            bench
                .until_cookie(&round.to_string())
                .contains("projects/a.jsonl")
        );
        fs::remove_dir_all(bench.path("")).unwrap();
        while bench.watcher.root_watches() != [RootWatch::Missing] {
            bench.until(|wake| wake.rescans == [RootIndex(0)]);
        }
    }
}

#[test]
fn only_the_named_folders_are_watched_in_depth() {
    let mut bench = start(Method::Events, |home| {
        projects(home);
        fs::create_dir_all(home.join("root/plugins/cache")).unwrap();
    });
    fs::write(bench.path("plugins/cache/x"), "1").unwrap();
    fs::write(bench.path("history.jsonl"), "1").unwrap();
    assert_eq!(
        bench.until_cookie("1"),
        BTreeSet::from(["history.jsonl".to_owned()])
    );
}

#[test]
fn a_rename_names_both_ends() {
    let mut bench = start(Method::Events, projects);
    fs::write(bench.path("projects/p/a.tmp"), "1").unwrap();
    bench.until_cookie("1");
    fs::rename(
        bench.path("projects/p/a.tmp"),
        bench.path("projects/p/a.jsonl"),
    )
    .unwrap();
    let heard = bench.until_cookie("2");
    assert!(heard.contains("projects/p/a.tmp") && heard.contains("projects/p/a.jsonl"));
}

#[cfg(unix)]
#[test]
fn a_root_behind_a_link_is_watched_and_a_link_out_of_it_is_not() {
    use std::os::unix::fs::symlink;
    let mut bench = start(Method::Events, |home| {
        fs::create_dir_all(home.join("real/projects")).unwrap();
        fs::create_dir_all(home.join("outside")).unwrap();
        symlink(home.join("real"), home.join("root")).unwrap();
        symlink(home.join("outside"), home.join("real/projects/out")).unwrap();
    });
    fs::write(bench.home.path().join("outside/x"), "1").unwrap();
    fs::write(bench.path("projects/a.jsonl"), "1").unwrap();
    assert_eq!(
        bench.until_cookie("1"),
        BTreeSet::from(["projects/a.jsonl".to_owned()])
    );
}

/// Makes `root/projects` a link to `disk/projects`, which need not exist.
#[cfg(unix)]
fn led_away(home: &Path) {
    fs::create_dir_all(home.join("root")).unwrap();
    std::os::unix::fs::symlink(home.join("disk/projects"), home.join("root/projects")).unwrap();
}

#[cfg(unix)]
#[test]
fn a_folder_that_is_a_link_is_watched_where_it_leads() {
    for method in [Method::Events, Method::Polling] {
        let mut bench = start(method, |home| {
            fs::create_dir_all(home.join("disk/projects/p")).unwrap();
            led_away(home);
        });
        fs::write(bench.path("projects/p/a.jsonl"), "1").unwrap();
        bench.until(|wake| reports(wake, "projects/p/a.jsonl"));
        fs::create_dir_all(bench.path("projects/q/s")).unwrap();
        if method == Method::Events {
            bench.until(|wake| reports(wake, "projects/q"));
        }
        fs::write(bench.path("projects/q/s/b.jsonl"), "1").unwrap();
        bench.until(|wake| reports(wake, "projects/q/s/b.jsonl"));
    }
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_elsewhere_now_is_followed_there() {
    let mut bench = start(Method::Events, |home| {
        fs::create_dir_all(home.join("disk/projects")).unwrap();
        fs::create_dir_all(home.join("other")).unwrap();
        led_away(home);
    });
    let other = bench.home.path().join("other");
    fs::remove_file(bench.path("projects")).unwrap();
    std::os::unix::fs::symlink(&other, bench.path("projects")).unwrap();
    bench.until_cookie("1");
    fs::write(other.join("a.jsonl"), "1").unwrap();
    let heard = bench.until_cookie("2");
    assert!(heard.contains("projects/a.jsonl"), "{heard:?}");
}

#[cfg(unix)]
#[test]
fn a_link_to_nowhere_is_followed_once_it_leads_somewhere() {
    let mut bench = start(Method::Events, led_away);
    for round in 0..2 {
        fs::create_dir_all(bench.home.path().join("disk/projects")).unwrap();
        bench.until(|wake| wake.rescans == [RootIndex(0)]);
        fs::write(bench.path("projects/a.jsonl"), "1").unwrap();
        let heard = bench.until_cookie(&round.to_string());
        assert!(heard.contains("projects/a.jsonl"), "{heard:?}");
        fs::remove_dir_all(bench.home.path().join("disk")).unwrap();
        bench.until_cookie(&format!("gone{round}"));
    }
}

#[test]
fn a_polled_root_reports_what_changed_and_says_why_it_is_polled() {
    let mut bench = start(Method::Polling, projects);
    assert_eq!(
        bench.watcher.root_watches(),
        [RootWatch::Polling("set so".into())]
    );
    fs::write(bench.path("projects/p/a.jsonl"), "1").unwrap();
    bench.until(|wake| reports(wake, "projects/p/a.jsonl"));
    fs::remove_file(bench.path("projects/p/a.jsonl")).unwrap();
    bench.until(|wake| reports(wake, "projects/p/a.jsonl"));
}

#[test]
fn a_root_with_more_folders_than_are_watched_is_polled_and_walked_again() {
    let folders = |home: &Path| {
        for number in 0..9 {
            fs::create_dir_all(home.join(format!("root/projects/p{number}"))).unwrap();
        }
    };
    let mut bench = start_with(folders, |_| Options {
        folders_max: 5,
        ..options(Method::Events)
    });
    let RootWatch::Polling(reason) = &bench.watcher.root_watches()[0] else {
        panic!("it is not polled");
    };
    assert!(reason.contains("limit on watched folders"), "{reason}");
    // Some of it was listed, maybe, while it was watched still.
    bench.until(|wake| wake.rescans == [RootIndex(0)]);
    fs::write(bench.path("projects/p8/a.jsonl"), "{}\n").unwrap();
    bench.until(|wake| reports(wake, "projects/p8/a.jsonl"));
}

#[test]
fn a_consumer_that_never_comes_costs_bounded_memory_and_a_rescan() {
    let mut bench = start_with(projects, |_| Options {
        paths_max: 8,
        ..options(Method::Events)
    });
    for number in 0..100 {
        fs::write(bench.path(&format!("projects/p/{number}")), "1").unwrap();
    }
    assert!(bench.until_cookie("1").contains("rescan 0"));
}

#[test]
fn a_wake_and_a_close_end_the_wait() {
    let mut bench = start(Method::Events, projects);
    bench.watcher.wake();
    let wake = bench.hints.next(Some(Instant::now() + PATIENCE));
    assert!(wake.paths.is_empty() && !wake.is_closed);
    bench.watcher.close();
    assert!(bench.hints.next(None).is_closed);
}

#[test]
fn what_happens_to_a_file_beside_the_roots_is_told_and_nothing_else_there() {
    let beside = |home: &Path| home.join("beside/socket");
    let mut bench = start_with(
        |home| {
            projects(home);
            fs::create_dir(home.join("beside")).unwrap();
        },
        |home| Options {
            beside: vec![beside(home), home.join("missing/file")],
            ..options(Method::Events)
        },
    );
    let file = beside(bench.home.path());
    let count = std::cell::Cell::new(0);
    let told = |bench: &mut Bench, name: &str| {
        let before = count.get();
        fs::write(bench.home.path().join("cookies").join(name), "").unwrap();
        bench.until(|wake| {
            count.set(count.get() + u32::from(wake.is_beside));
            wake.cookies.contains(&OsString::from(name))
        });
        count.get() > before
    };
    fs::write(&file, "1").unwrap();
    assert!(told(&mut bench, "made"));
    fs::write(bench.home.path().join("beside/other"), "1").unwrap();
    assert!(!told(&mut bench, "other"));
    fs::remove_file(&file).unwrap();
    assert!(told(&mut bench, "removed"));
    fs::remove_dir_all(bench.home.path().join("beside")).unwrap();
    assert!(told(&mut bench, "directory"));
}

#[test]
fn nothing_is_said_when_nothing_happens() {
    let mut bench = start(Method::Events, projects);
    let wake = bench
        .hints
        .next(Some(Instant::now() + Duration::from_millis(50)));
    assert!(wake.paths.is_empty() && wake.rescans.is_empty() && wake.cookies.is_empty());
}

#[test]
fn a_root_that_is_closed_or_opened_to_us_is_looked_at_at_once() {
    use std::os::unix::fs::PermissionsExt;
    let mut bench = start(Method::Events, |home| {
        fs::create_dir(home.join("root")).unwrap();
    });
    for mode in [0o000, 0o700] {
        fs::set_permissions(bench.path(""), fs::Permissions::from_mode(mode)).unwrap();
        bench.until(|wake| wake.rescans.contains(&RootIndex(0)));
    }
    assert_eq!(bench.watcher.root_watches(), [RootWatch::Events]);
}

/// Runs `test` on a thread that permissions bind even where the user is root, as in a container.
#[cfg(target_os = "linux")]
fn bound_by_permissions(test: impl FnOnce() + Send + 'static) {
    use rustix::thread::{CapabilitySet, capabilities, set_capabilities};
    let bound = move || {
        let mut sets = capabilities(None).unwrap();
        sets.effective -= CapabilitySet::DAC_OVERRIDE | CapabilitySet::DAC_READ_SEARCH;
        set_capabilities(None, sets).unwrap();
        test();
    };
    std::thread::spawn(bound).join().unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn a_root_that_is_closed_at_first_is_watched_by_events_once_it_is_open() {
    use std::os::unix::fs::PermissionsExt;
    bound_by_permissions(|| {
        let set = |root: &Path, mode| {
            fs::set_permissions(root, fs::Permissions::from_mode(mode)).unwrap();
        };
        let mut bench = start(Method::Events, |home| {
            projects(home);
            set(&home.join("root"), 0o000);
        });
        let watches = bench.watcher.root_watches();
        assert!(matches!(&*watches, [RootWatch::Polling(_)]), "{watches:?}");
        set(&bench.path(""), 0o700);
        bench.until(|wake| wake.rescans.contains(&RootIndex(0)));
        assert_eq!(bench.watcher.root_watches(), [RootWatch::Events]);
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_root_that_comes_and_cannot_be_listed_is_told_of_all_the_same() {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    bound_by_permissions(|| {
        let mut bench = start(Method::Polling, |_| ());
        assert_eq!(bench.watcher.root_watches(), [RootWatch::Missing]);
        let root = bench.path("");
        fs::DirBuilder::new().mode(0o000).create(&root).unwrap();
        bench.until(|wake| wake.rescans.contains(&RootIndex(0)));
        fs::set_permissions(&root, fs::Permissions::from_mode(0o700)).unwrap();
        bench.until(|wake| wake.rescans.contains(&RootIndex(0)));
    });
}
