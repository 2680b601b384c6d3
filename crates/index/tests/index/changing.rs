//! What changes between commits: titles are replaced, snapshots are not.

use sessions_index::{Document, Scope, Snapshot, Wanted};
use sessions_model::{EntryKind, SessionOrdinal};

use crate::corpus::{Corpus, at, document, word};

#[test]
fn a_title_is_replaced_not_added() {
    let mut corpus = Corpus::new();
    let title = |key: u64, text| Document {
        kind: EntryKind::Title,
        ..document(key, text)
    };
    corpus
        .writer
        .replace("title", &title(1, "first name"))
        .unwrap();
    corpus
        .writer
        .replace("title", &title(2, "second name"))
        .unwrap();
    corpus.commit(1);
    assert_eq!(
        corpus.search(&word("name")).total,
        1,
        "replaced before it was committed"
    );

    corpus
        .writer
        .replace("title", &title(3, "third name"))
        .unwrap();
    corpus
        .writer
        .replace("note:1", &title(4, "another name"))
        .unwrap();
    let other = Document {
        session: SessionOrdinal(5),
        ..title(5, "name elsewhere")
    };
    corpus.writer.replace("title", &other).unwrap();
    corpus.commit(2);
    assert_eq!(corpus.search(&word("second")).total, 0);
    assert_eq!(corpus.search(&word("third")).total, 1);
    assert_eq!(corpus.search(&word("name")).total, 3);

    corpus.writer.remove(SessionOrdinal(0), "title");
    corpus.commit(3);
    assert_eq!(corpus.search(&word("name")).total, 2);
}

#[test]
fn a_snapshot_stays_what_it_is() {
    let mut corpus = Corpus::of(&[document(1, "needle")]);
    let before = corpus.reader.snapshot().unwrap();
    corpus.writer.add(&document(2, "needle")).unwrap();
    assert!(corpus.writer.is_dirty());
    assert_eq!(corpus.search(&word("needle")).total, 1, "not yet committed");
    corpus.writer.commit(&at(4, 7)).unwrap();
    assert!(!corpus.writer.is_dirty());
    let total = |snapshot: &Snapshot| {
        snapshot
            .search(&word("needle"), &Scope::default(), Wanted::best_of(1))
            .unwrap()
            .total
    };
    let after = corpus.reader.snapshot().unwrap();
    assert_eq!((total(&before), total(&after)), (1, 2));
    assert_eq!((before.position(), after.position()), (at(0, 1), at(4, 7)));
}

#[test]
fn many_documents_over_many_commits_are_all_found() {
    let mut corpus = Corpus::new();
    for commit in 0..20_u64 {
        for number in 0..50_u64 {
            let key = commit * 50 + number;
            let text = format!("needle number{key}");
            let session = SessionOrdinal(key % 7);
            corpus
                .writer
                .add(&Document {
                    session,
                    ..document(key, &text)
                })
                .unwrap();
        }
        corpus.commit(commit + 1);
    }
    let matches = corpus.search(&word("needle"));
    assert_eq!((matches.total, matches.sessions), (1_000, 7));
    assert_eq!(corpus.search(&word("number777")).total, 1);
}

#[test]
fn a_writer_moves_to_its_thread_and_readers_are_shared() {
    fn moves<T: Send>() {}
    fn is_shared<T: Send + Sync + Clone>() {}
    moves::<sessions_index::IndexWriter>();
    is_shared::<sessions_index::IndexReader>();
    is_shared::<Snapshot>();
}
