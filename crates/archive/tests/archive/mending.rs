//! Damage that is mended: from another copy of the bytes, by whoever archives them again, after a salvage.

use std::fs;
use std::ops::{ControlFlow, Range};

use sessions_archive::{Archive, Damage, FrameSum, KnownLoss, Lane, LogRow, Logged, Loss, Stretch};
use sessions_model::{ByteOffset, GenerationId, Seq, SourceId};

use crate::faults::{flip_byte_of_blob, full_scene, go_on, spoiled, verify};
use crate::support::{NOW, Scene, lines, origin};

/// A copy of `bytes` that gives any range of them.
fn copy_of(bytes: &[u8]) -> impl FnMut(Range<u64>) -> Option<Vec<u8>> + '_ {
    |range| {
        let (start, end) = (usize::try_from(range.start), usize::try_from(range.end));
        Some(bytes.get(start.ok()?..end.ok()?)?.to_vec())
    }
}

/// A scene whose second source has one damaged frame.
fn damaged_scene() -> (Scene, (SourceId, GenerationId, Vec<u8>), Loss) {
    let (mut scene, mut held) = full_scene();
    let (source, generation, bytes) = held.swap_remove(1);
    flip_byte_of_blob(&scene.database(), generation, 300_000);
    scene.reopen();
    let losses = verify(&scene.archive);
    assert_eq!(losses.len(), 1);
    (scene, (source, generation, bytes), losses[0])
}

#[test]
fn a_frame_takes_its_own_bytes_back_and_no_others() {
    let (mut scene, (source, generation, bytes), loss) = damaged_scene();
    let before = scene.archive.reader().unwrap().heads().unwrap();
    let other = vec![b'x'; bytes.len()];
    let mended = scene
        .archive
        .mend(&loss, &mut copy_of(&other), NOW)
        .unwrap();
    assert_eq!((&*mended.left, mended.heads), (&[loss][..], None));
    scene.archive.record_losses(&[loss], NOW).unwrap();
    assert!(scene.archive.known_losses().unwrap()[0].covers(&loss));

    let mended = scene
        .archive
        .mend(&loss, &mut copy_of(&bytes), NOW)
        .unwrap();
    assert_eq!(mended.left, []);
    assert_eq!(verify(&scene.archive), []);
    assert_eq!(scene.archive.known_losses().unwrap(), []);
    assert_eq!(scene.read(generation), bytes);
    let reader = scene.archive.reader().unwrap();
    let rows = reader.log_after(Lane::Backlog, before.backlog, 9).unwrap();
    let Logged::Mended {
        source: of,
        start,
        end,
        ..
    } = rows[0].change
    else {
        panic!("{rows:?}");
    };
    assert_eq!(of, source);
    assert!(start <= loss.start && loss.end <= end, "{rows:?}");
    assert_eq!(mended.heads.unwrap(), reader.heads().unwrap());
}

#[test]
fn a_frame_is_known_by_its_hash_without_being_read() {
    let (scene, (_, generation, bytes), loss) = damaged_scene();
    let reader = scene.archive.reader().unwrap();
    let end = ByteOffset(bytes.len() as u64);
    let sum = |start, end| reader.frame_sum(generation, start..end).unwrap();
    let at = |offset: ByteOffset| usize::try_from(offset.0).unwrap();
    let expect = FrameSum {
        end: loss.end,
        hash: *blake3::hash(&bytes[at(loss.start)..at(loss.end)]).as_bytes(),
    };
    assert_eq!(sum(loss.start, end), Some(expect));
    assert_eq!(sum(loss.start, loss.end), Some(expect));
    assert_eq!(sum(ByteOffset(loss.start.0 + 1), end), None);
    assert_eq!(sum(loss.start, ByteOffset(loss.end.0 - 1)), None);
    assert_eq!(sum(end, end), None);
}

#[test]
fn whoever_archives_the_bytes_of_a_damaged_frame_again_mends_it() {
    let (mut scene, (source, generation, bytes), loss) = damaged_scene();
    let at = |offset: ByteOffset| usize::try_from(offset.0).unwrap();
    let again = scene.open(source, Some((generation, ByteOffset(0))));
    scene.append(source, again, &bytes[at(loss.start)..at(loss.end)]);
    assert_eq!(verify(&scene.archive), []);
    assert_eq!(scene.read(generation), bytes);
}

#[test]
fn reading_goes_on_behind_what_is_lost() {
    let (scene, (_, generation, bytes), loss) = damaged_scene();
    let reader = scene.archive.reader().unwrap();
    let end = ByteOffset(bytes.len() as u64);
    let stretches = reader.stretches(generation, ByteOffset(0)..end).unwrap();
    let at = |offset: ByteOffset| usize::try_from(offset.0).unwrap();
    let expect = [
        Stretch::Sound {
            start: ByteOffset(0),
            bytes: bytes[..at(loss.start)].to_vec(),
        },
        Stretch::Lost(loss),
        Stretch::Sound {
            start: loss.end,
            bytes: bytes[at(loss.end)..].to_vec(),
        },
    ];
    assert!(stretches == expect);
    let within = ByteOffset(loss.start.0 + 1)..ByteOffset(loss.end.0 - 1);
    let stretches = reader.stretches(generation, within.clone()).unwrap();
    let part = Loss {
        start: within.start,
        end: within.end,
        ..loss
    };
    assert_eq!(stretches, [Stretch::Lost(part)]);
}

#[test]
fn a_frame_that_a_salvage_gave_up_is_known_by_its_hash_when_it_is_found() {
    let (scene, (_, generation, bytes), loss) = damaged_scene();
    let saved = scene.dir.join("saved");
    let file = saved.join("archive.db");
    let mut told = Vec::new();
    let mut progress = |done, total| {
        told.push((done, total));
        ControlFlow::Continue(())
    };
    let salvaged = Archive::salvage(&scene.database(), &file, NOW, &mut progress).unwrap();
    assert!(
        told.is_sorted() && told.iter().all(|(done, total)| done <= total),
        "{told:?}"
    );
    assert!(!told.is_empty());
    let gap = Loss {
        damage: Damage::Missing,
        ..loss
    };
    assert_eq!(salvaged.losses, [gap]);
    let mut archive = Archive::open(&saved, NOW).unwrap();
    assert_eq!(verify(&archive), [gap]);
    assert!(archive.known_losses().unwrap()[0].covers(&gap));
    let reader = archive.reader().unwrap();
    let sum = reader.frame_sum(generation, gap.start..gap.end).unwrap();
    assert_eq!(sum, None, "only the file can tell");
    let mended = archive.mend(&gap, &mut copy_of(&bytes), NOW).unwrap();
    assert_eq!(mended.left, []);
    assert_eq!(verify(&archive), []);
    let end = ByteOffset(bytes.len() as u64);
    let read = archive
        .reader()
        .unwrap()
        .bytes(generation, ByteOffset(0)..end);
    assert!(read.unwrap() == bytes);
}

/// Salvages what `bytes` leave of the scene's database.
fn salvage(scene: &Scene, bytes: &[u8]) -> Archive {
    let salvaged = || -> Result<Archive, Box<dyn std::error::Error>> {
        let broken = scene.dir.join("broken.db");
        fs::write(&broken, bytes)?;
        let saved = scene.dir.join("saved");
        Archive::salvage(&broken, &saved.join("archive.db"), NOW, &mut go_on)?;
        Ok(Archive::open(&saved, NOW)?)
    };
    salvaged().expect("what is left can be salvaged")
}

#[test]
fn device_and_roots_outlive_their_pages() {
    for table in ["meta", "roots"] {
        let (scene, _) = full_scene();
        scene.archive.note_identity().unwrap();
        let mut saved = salvage(&scene, &spoiled(&scene.database(), table));
        assert_eq!(saved.device(), scene.archive.device(), "{table}");
        let mut transaction = saved.begin(NOW).unwrap();
        let root = transaction.root("/home/dev/.claude").unwrap();
        transaction.commit().unwrap();
        assert_eq!(root, scene.root, "{table}");
        assert_eq!(saved.reader().unwrap().roots().unwrap().len(), 1, "{table}");
    }
}

#[test]
fn what_an_index_knows_outlives_its_table() {
    for table in ["sources", "generations", "segments"] {
        let (scene, held) = full_scene();
        let saved = salvage(&scene, &spoiled(&scene.database(), table));
        let reader = saved.reader().unwrap();
        assert_eq!(verify(&saved), [], "{table}");
        let sources = reader.sources().unwrap();
        assert_eq!(sources.len(), held.len(), "{table}");
        for (source, generation, bytes) in held {
            let generations = reader.generations(source).unwrap();
            assert_eq!(generations.last().unwrap().id, generation, "{table}");
            let end = ByteOffset(bytes.len() as u64);
            let read = reader.bytes(generation, ByteOffset(0)..end).unwrap();
            assert!(read == bytes, "{table}");
            let state = reader.source(source).unwrap().unwrap();
            assert!(state.origin.path.starts_with("p/"), "{table}: {state:?}");
        }
    }
}

#[test]
fn frames_whose_table_is_lost_are_known_by_their_names() {
    let (scene, held) = full_scene();
    let mut saved = salvage(&scene, &spoiled(&scene.database(), "blobs"));
    let lost = verify(&saved);
    assert_eq!(lost.len(), held.len(), "{lost:?}");
    for (loss, (_, generation, bytes)) in lost.iter().zip(&held) {
        assert_eq!(loss.generation, *generation);
        let mended = saved.mend(loss, &mut copy_of(bytes), NOW).unwrap();
        assert_eq!(mended.left, []);
    }
    assert_eq!(verify(&saved), []);
}

#[test]
fn what_is_put_back_in_part_stays_lost_in_part() {
    let (scene, mut held) = full_scene();
    let mut saved = salvage(&scene, &spoiled(&scene.database(), "blobs"));
    let (_, generation, bytes) = held.swap_remove(1);
    let reader = saved.reader().unwrap();
    let (start, first) = reader.first_frame(generation).unwrap().unwrap();
    let short = bytes.split_at(usize::try_from(first.end.0).unwrap()).0;
    assert!(start == ByteOffset(0) && short.len() < bytes.len());
    assert!(reader.is_of(generation, &mut copy_of(&bytes)).unwrap());
    assert!(!reader.is_of(generation, &mut copy_of(short)).unwrap());
    let mut losses = verify(&saved).into_iter();
    let loss = losses.find(|loss| loss.generation == generation).unwrap();
    let mended = saved.mend(&loss, &mut copy_of(short), NOW).unwrap();
    let left = Loss {
        start: first.end,
        ..loss
    };
    assert_eq!(mended.left, [left]);
    let known = saved.known_losses().unwrap();
    let known = known.iter().filter(|known| known.generation == generation);
    let known: Vec<Loss> = known.map(KnownLoss::as_loss).collect();
    assert_eq!(known, [left]);
}

#[test]
fn a_database_that_lost_its_first_page_is_read_with_another() {
    let (scene, held) = full_scene();
    let mut bytes = fs::read(scene.database()).unwrap();
    bytes[..4096].fill(0xa5);
    let saved = salvage(&scene, &bytes);
    assert_eq!(verify(&saved), []);
    let reader = saved.reader().unwrap();
    for (_, generation, bytes) in held {
        let end = ByteOffset(bytes.len() as u64);
        assert!(reader.bytes(generation, ByteOffset(0)..end).unwrap() == bytes);
    }
    let left = fs::read_dir(scene.dir.join("saved")).unwrap().flatten();
    let names: Vec<_> = left.map(|entry| entry.file_name()).collect();
    let is_ours = |name: &std::ffi::OsString| {
        name.to_string_lossy().ends_with(".grafted") || name.to_string_lossy().ends_with(".fresh")
    };
    assert!(!names.iter().any(is_ours), "{names:?}");
}

#[test]
fn what_is_no_database_at_all_leaves_what_the_user_wrote() {
    let (scene, _) = full_scene();
    scene.archive.copy_notes(NOW).unwrap().unwrap();
    let saved = salvage(&scene, &b"this is a letter, no database. ".repeat(999));
    let reader = saved.reader().unwrap();
    assert_eq!(reader.operations().unwrap()[0].value, "kept");
    assert_eq!(reader.sources().unwrap(), []);
}

#[test]
fn a_root_whose_path_is_lost_is_the_one_that_has_its_files() {
    let mut scene = Scene::new();
    let mut transaction = scene.archive.begin(NOW).unwrap();
    let lost = transaction.root("lost/1").unwrap();
    transaction.source(lost, &origin("p/a.jsonl")).unwrap();
    transaction.commit().unwrap();
    let mut adopt = |path: &str, file: &'static str| {
        let has = move |below: &str| below == file;
        scene.archive.adopt_root(path, &has).unwrap()
    };
    assert!(!adopt("/home/other", "p/b.jsonl"));
    assert!(!adopt("/home/dev/.claude", "p/a.jsonl"), "it has its own");
    assert!(adopt("/home/other", "p/a.jsonl"));
    let mut transaction = scene.archive.begin(NOW).unwrap();
    assert_eq!(transaction.root("/home/other").unwrap(), lost);
}

#[test]
fn of_an_emptied_archive_what_the_user_wrote_comes_back() {
    let (scene, _) = full_scene();
    scene.archive.copy_notes(NOW).unwrap().unwrap();
    scene.archive.note_identity().unwrap();
    let saved = salvage(&scene, b"");
    assert_eq!(saved.device(), scene.archive.device());
    let reader = saved.reader().unwrap();
    assert_eq!(reader.operations().unwrap()[0].value, "kept");
    assert_eq!(reader.roots().unwrap().len(), 1);
    assert_eq!(reader.log_after(Lane::Live, Seq(0), 9).unwrap().len(), 1);
}

#[test]
fn a_damaged_archive_is_backed_up_as_far_as_it_reads() {
    let (scene, (_, generation, _), loss) = damaged_scene();
    let receipt = scene
        .archive
        .backup(&scene.dir.join("flipped.db"), NOW)
        .unwrap();
    assert_eq!(receipt.losses, [loss]);

    // Pages that are linked wrongly cannot be copied as they are.
    let broken = scene.dir.join("broken");
    fs::create_dir(&broken).unwrap();
    fs::write(
        broken.join("archive.db"),
        spoiled(&scene.database(), "segments_blob"),
    )
    .unwrap();
    let target = scene.dir.join("broken-copy.db");
    let archive = Archive::open(&broken, NOW).unwrap();
    let receipt = archive.backup(&target, NOW).unwrap();
    assert_eq!(receipt.losses.len(), 1, "{:?}", receipt.losses);
    assert_eq!(
        (receipt.losses[0].generation, receipt.sources),
        (generation, 3)
    );
    assert!(target.exists());
}

#[test]
fn a_mended_frame_that_sources_share_is_logged_for_each() {
    let mut scene = Scene::new();
    let mut bytes = vec![0; 200_000];
    blake3::Hasher::new_derive_key("shared noise")
        .finalize_xof()
        .fill(&mut bytes);
    bytes.push(b'\n');
    let mut holders = Vec::new();
    for path in ["p/a.jsonl", "p/b.jsonl", "p/c.jsonl"] {
        let source = scene.source(path);
        let generation = scene.open(source, None);
        scene.append(source, generation, &bytes);
        holders.push((source, generation));
    }
    scene.archive.rest().unwrap();
    flip_byte_of_blob(&scene.database(), holders[0].1, 0);
    scene.reopen();
    let losses = verify(&scene.archive);
    assert_eq!(losses.len(), 3, "{losses:?}");
    let before = scene.archive.reader().unwrap().heads().unwrap();
    let mended = scene
        .archive
        .mend(&losses[1], &mut copy_of(&bytes), NOW)
        .unwrap();
    assert_eq!(mended.left, []);
    assert_eq!(verify(&scene.archive), []);
    let reader = scene.archive.reader().unwrap();
    let rows = reader.log_after(Lane::Backlog, before.backlog, 9).unwrap();
    let holder = |row: &LogRow| match row.change {
        Logged::Mended {
            source, generation, ..
        } => (source, generation),
        _ => panic!("{row:?}"),
    };
    let mut logged: Vec<_> = rows.iter().map(holder).collect();
    logged.sort_unstable();
    assert_eq!(logged, holders);
}

#[test]
fn whichever_page_is_lost_all_bytes_read_back_or_their_loss_is_named() {
    let mut scene = Scene::new();
    let mut held = Vec::new();
    for name in ["a", "b", "c"] {
        let source = scene.source(&format!("p/{name}.jsonl"));
        let generation = scene.open(source, None);
        let bytes = lines(name, 60_000);
        scene.append(source, generation, &bytes);
        held.push((source, generation, bytes));
    }
    scene.archive.note_identity().unwrap();
    scene.archive.rest().unwrap();
    let whole = fs::read(scene.database()).unwrap();
    let mut noise = [0; 4096];
    blake3::Hasher::new_derive_key("noise")
        .finalize_xof()
        .fill(&mut noise);
    let mut sound = 0;
    for (page, start) in (0..whole.len()).step_by(4096).enumerate() {
        let mut bytes = whole.clone();
        bytes[start..start + 4096].copy_from_slice(&noise);
        fs::remove_dir_all(scene.dir.join("saved")).ok();
        let saved = salvage(&scene, &bytes);
        let reader = saved.reader().unwrap();
        let losses = verify(&saved);
        sound += usize::from(losses.is_empty());
        for (source, generation, bytes) in &held {
            let is_named = losses.iter().any(|loss| loss.source == *source);
            let end = ByteOffset(bytes.len() as u64);
            let read = reader.bytes(*generation, ByteOffset(0)..end).ok();
            assert!(
                is_named || read.as_ref() == Some(bytes),
                "page {}",
                page + 1
            );
        }
    }
    let pages = whole.len() / 4096;
    assert!(sound * 3 > pages * 2, "{sound} of {pages}");
}

#[test]
fn a_salvage_says_how_much_there_was_and_how_much_is_left() {
    let (scene, _) = full_scene();
    scene.archive.note_held().unwrap();
    let broken = scene.dir.join("broken.db");
    fs::write(&broken, b"no database. ".repeat(999)).unwrap();
    let to = scene.dir.join("saved/archive.db");
    let salvaged = Archive::salvage(&broken, &to, NOW, &mut go_on).unwrap();
    let before = salvaged.before.unwrap();
    assert_eq!(
        (before.sources, before.sessions, before.bytes),
        (3, 3, 3_600_000)
    );
    assert_eq!(salvaged.after.bytes, 0);
    assert!(salvaged.after.lacks_of(&before) && !before.lacks_of(&before));
}

#[test]
fn a_schema_that_is_lost_is_found_with_and_without_what_was_noted_and_with_what_was_not_settled() {
    for (is_noted, is_settled) in [(true, true), (false, true), (true, false), (false, false)] {
        let (mut scene, _) = full_scene();
        let source = scene.source("p/d.jsonl");
        let generation = scene.open(source, None);
        scene.append(source, generation, b"late\n");
        if is_settled {
            scene.archive.rest().unwrap();
        }
        let (database, log) = (scene.database(), scene.dir.join("archive.db-wal"));
        let broken = tempfile::tempdir().unwrap();
        let mut bytes = fs::read(&database).unwrap();
        // The pages below the first of the schema.
        bytes[23 * 4096..25 * 4096].fill(0xa5);
        fs::write(broken.path().join("archive.db"), bytes).unwrap();
        fs::copy(log, broken.path().join("archive.db-wal")).unwrap();
        if is_noted {
            fs::copy(scene.dir.join("identity"), broken.path().join("identity")).unwrap();
        }
        let saved = broken.path().join("saved");
        let from = broken.path().join("archive.db");
        Archive::salvage(&from, &saved.join("archive.db"), NOW, &mut go_on).unwrap();
        let saved = Archive::open(&saved, NOW).unwrap();
        let case = (is_noted, is_settled);
        assert_eq!(verify(&saved), [], "{case:?}");
        let reader = saved.reader().unwrap();
        assert_eq!(reader.sources().unwrap().len(), 4, "{case:?}");
        let read = reader.bytes(generation, ByteOffset(0)..ByteOffset(5));
        assert_eq!(read.unwrap(), b"late\n", "{case:?}");
    }
}
