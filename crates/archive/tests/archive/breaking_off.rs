//! What takes long ends when nobody wants it any more.

use std::fs;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sessions_archive::{ArchiveError, ArchiveReader, Refusal};

use crate::support::{NOW, Scene};

/// An archive whose statements take more than a few steps.
fn scene() -> Scene {
    let mut scene = Scene::new();
    let main = scene.source("p/a.jsonl");
    let generation = scene.open(main, None);
    for number in 0..200 {
        scene.append_unchecked(main, generation, format!("{number}\n").as_bytes());
    }
    scene
}

/// A reader that is wanted for so many looks.
fn reader(scene: &Scene, looks: usize) -> ArchiveReader {
    let left = Arc::new(AtomicUsize::new(looks));
    let is_wanted = move || {
        let less = |left: usize| left.checked_sub(1);
        left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
            .is_ok()
    };
    scene
        .archive
        .reader()
        .unwrap()
        .while_wanted(is_wanted)
        .unwrap()
}

fn is_unwanted<T>(outcome: &Result<T, ArchiveError>) -> bool {
    let unwanted = Refusal::Unwanted;
    matches!(outcome, Err(ArchiveError::Refused { refusal, .. }) if *refusal == unwanted)
}

#[test]
fn a_copy_that_nobody_wants_is_broken_off_at_every_stage_and_leaves_no_file() {
    let scene = scene();
    let to = scene.dir.join("copy.db");
    let mut looks = 0;
    while is_unwanted(&reader(&scene, looks).backup(&to, NOW)) {
        let left = fs::read_dir(&scene.dir).unwrap().flatten();
        let mut names = left.map(|file| file.file_name().into_string().unwrap());
        assert!(!names.any(|name| name.starts_with("copy")), "{looks}");
        looks += 1;
    }
    assert!(
        looks > 2,
        "it is asked while copying and while reading back: {looks}"
    );
    assert!(to.exists());
}

#[test]
fn a_verification_that_nobody_wants_is_broken_off() {
    let scene = scene();
    assert!(is_unwanted(&reader(&scene, 0).check_structure()));
    let mut whole = |_, _| ControlFlow::Continue(());
    assert!(is_unwanted(&reader(&scene, 0).verify(&mut whole)));
    let wanted = reader(&scene, usize::MAX);
    assert!(wanted.check_structure().unwrap().is_empty());
    assert!(wanted.verify(&mut whole).unwrap().is_empty());
}
