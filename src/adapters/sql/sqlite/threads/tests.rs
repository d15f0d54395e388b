use super::*;
use crate::adapters::sql::{
    link::{Link as _, values},
    statements::Statement,
};
use std::sync::atomic::{AtomicU64, Ordering};

const INSERT: &Statement = &Statement { name: "INSERT", postgres: "", sqlite: "INSERT INTO things (id) VALUES ($1)" };
const IDS: &Statement = &Statement { name: "IDS", postgres: "", sqlite: "SELECT id FROM things ORDER BY id" };

struct Given {
    threads: Arc<Threads>,
    statements: Arc<AtomicU64>,
    folder: tempfile::TempDir,
}

impl Given {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("things.db");
        let made = rusqlite::Connection::open(&file).unwrap();
        // A deferred check is made by COMMIT alone.
        made.execute_batch(
            "PRAGMA journal_mode = wal; CREATE TABLE things (id INTEGER PRIMARY KEY); \
            CREATE TABLE parts (thing INTEGER REFERENCES things (id) DEFERRABLE INITIALLY DEFERRED);",
        )
        .unwrap();
        let statements = Arc::default();
        let link = |reads| SqliteLink::open(&file, reads, Arc::clone(&statements)).unwrap();
        let threads = Arc::new(Threads::start(link(false), vec![link(true)], Place::of(&file).unwrap()).unwrap());
        Self { threads, statements, folder }
    }

    async fn ids(&self) -> Vec<i64> {
        use crate::adapters::sql::fields::Fields as _;
        let rows = self.threads.run(Access::Read, |link| Box::pin(link.rows(IDS, &[]))).await.unwrap();
        rows.iter().map(|row| row.integer("id").unwrap()).collect()
    }

    /// Holds the writer up until the answer is dropped, so that what is sent meanwhile comes to one batch.
    async fn held(&self) -> (std::sync::mpsc::Sender<()>, tokio::task::JoinHandle<Result<(), StoreFault>>) {
        let (release, released) = std::sync::mpsc::channel::<()>();
        let (begun, has_begun) = oneshot::channel();
        let threads = Arc::clone(&self.threads);
        let step = tokio::spawn(async move {
            let step = threads.run(Access::Write, move |_| {
                let _ = begun.send(());
                let _ = released.recv();
                Box::pin(async { Ok(()) })
            });
            step.await
        });
        has_begun.await.unwrap();
        (release, step)
    }

    /// Sends the steps one after another while the writer is held up, and gives what came of each.
    async fn together(&self, steps: &[Kind]) -> Vec<Result<(), StoreFault>> {
        let (release, held) = self.held().await;
        let mut waiting: Vec<_> = steps.iter().map(|kind| Box::pin(self.one(*kind))).collect();
        for step in &mut waiting {
            assert!(futures_util::poll!(step.as_mut()).is_pending());
        }
        self.statements.store(0, Ordering::Relaxed);
        drop(release);
        held.await.unwrap().unwrap();
        futures_util::future::join_all(waiting).await
    }

    async fn one(&self, kind: Kind) -> Result<(), StoreFault> {
        let step = self.threads.run(Access::Transaction, move |link| {
            Box::pin(async move {
                match kind {
                    Kind::Insert(id) => link.execute(INSERT, values![id]).await.map(drop),
                    Kind::InsertTwice(id) => {
                        link.execute(INSERT, values![id]).await?;
                        link.execute(INSERT, values![id]).await.map(drop)
                    }
                    Kind::Panic(id) => {
                        link.execute(INSERT, values![id]).await?;
                        panic!("a step that breaks off");
                    }
                    Kind::Fill => {
                        link.rows(FEW_PAGES, &[]).await?;
                        link.execute(FILL, &[]).await.map(drop)
                    }
                    Kind::Orphan => link.execute(ORPHAN, &[]).await.map(drop),
                }
            })
        });
        step.await
    }
}

const ORPHAN: &Statement = &Statement { name: "ORPHAN", postgres: "", sqlite: "INSERT INTO parts (thing) VALUES (99)" };

const FEW_PAGES: &Statement = &Statement { name: "FEW_PAGES", postgres: "", sqlite: "PRAGMA max_page_count = 6" };
const FILL: &Statement = &Statement {
    name: "FILL",
    postgres: "",
    sqlite: "INSERT INTO things WITH RECURSIVE n (i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 9000) \
        SELECT i FROM n",
};

#[derive(Clone, Copy)]
enum Kind {
    Insert(i64),
    InsertTwice(i64),
    Panic(i64),
    /// Writes more than the file may take.
    Fill,
    /// Writes what no transaction can commit.
    Orphan,
}

fn broken(outcome: &Result<(), StoreFault>) -> bool {
    matches!(outcome, Err(StoreFault::Broken(_)))
}

#[tokio::test]
async fn steps_that_come_together_share_a_transaction() {
    let given = Given::new();
    let outcomes = given.together(&[Kind::Insert(1), Kind::Insert(2), Kind::Insert(3)]).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!(given.statements.load(Ordering::Relaxed), 1 + 3 + 2 * 3 + 2, "one BEGIN and one COMMIT for all");
    assert_eq!(given.ids().await, [1, 2, 3]);
}

#[tokio::test]
async fn a_step_that_fails_costs_no_other_anything() {
    let given = Given::new();
    let steps = [Kind::Insert(1), Kind::InsertTwice(2), Kind::Panic(3), Kind::Insert(4)];
    let outcomes = given.together(&steps).await;
    assert!(outcomes[0].is_ok() && broken(&outcomes[1]) && broken(&outcomes[2]) && outcomes[3].is_ok(), "{outcomes:?}");
    assert_eq!(given.ids().await, [1, 4]);
    // Alone as well.
    assert!(broken(&given.one(Kind::InsertTwice(5)).await));
    assert!(broken(&given.one(Kind::Panic(6)).await));
    assert!(given.one(Kind::Insert(7)).await.is_ok());
    assert_eq!(given.ids().await, [1, 4, 7]);
}

#[tokio::test]
async fn nobody_is_told_of_success_before_the_commit() {
    let given = Given::new();
    let outcomes = given.together(&[Kind::Insert(1), Kind::Orphan, Kind::Insert(2)]).await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Err(StoreFault::Unavailable(_)))), "{outcomes:?}");
    assert!(given.one(Kind::Insert(3)).await.is_ok());
    assert_eq!(given.ids().await, [3]);
}

#[tokio::test]
async fn who_gives_up_before_his_step_began_leaves_nothing_behind() {
    let given = Given::new();
    let (release, held) = given.held().await;
    let mut gone = Box::pin(given.one(Kind::Insert(1)));
    assert!(futures_util::poll!(gone.as_mut()).is_pending());
    drop(gone);
    drop(release);
    held.await.unwrap().unwrap();
    given.one(Kind::Insert(2)).await.unwrap();
    assert_eq!(given.ids().await, [2]);
}

#[tokio::test]
async fn a_reader_cannot_write() {
    let given = Given::new();
    let step =
        given.threads.run(Access::Read, |link| Box::pin(async move { link.execute(INSERT, values![1_i64]).await }));
    assert!(step.await.is_err());
    assert!(given.ids().await.is_empty());
}

fn unavailable(outcome: Result<(), StoreFault>) -> String {
    let Err(StoreFault::Unavailable(cause)) = outcome else { panic!("{outcome:?}") };
    cause.to_string()
}

#[tokio::test]
async fn a_full_file_is_told_in_words_and_doubted_until_a_commit() {
    let given = Given::new();
    given.one(Kind::Insert(1)).await.unwrap();
    assert!(!given.threads.are_doubted());
    assert_eq!(unavailable(given.one(Kind::Fill).await), "code 13: the disk is full; make room");
    assert!(given.threads.are_doubted());
    let written = || std::fs::metadata(given.folder.path().join("things.db-wal")).unwrap().len();
    let before = written();
    given.threads.commit().await.unwrap();
    assert!(written() > before, "a commit of nothing reaches the disk");
    assert!(!given.threads.are_doubted());
    assert_eq!(given.ids().await, [1]);
}

#[tokio::test]
async fn what_is_given_up_while_the_writer_hangs_is_doubted() {
    let given = Given::new();
    let (release, held) = given.held().await;
    let limit = std::time::Duration::from_millis(20);
    tokio::time::timeout(limit, given.one(Kind::Insert(1))).await.unwrap_err();
    assert!(given.threads.are_doubted());
    tokio::time::timeout(limit, given.threads.commit()).await.unwrap_err();
    assert!(given.threads.are_doubted());
    drop(release);
    held.await.unwrap().unwrap();
    given.threads.commit().await.unwrap();
    assert!(!given.threads.are_doubted());
}

/// The file is sound, and reading goes on.
#[tokio::test]
async fn another_process_that_writes_is_no_reason_to_doubt() {
    let given = Given::new();
    let mut other = rusqlite::Connection::open(given.folder.path().join("things.db")).unwrap();
    let lock = other.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).unwrap();
    let first = given.one(Kind::Insert(1));
    let impatient = async {
        let limit = std::time::Duration::from_millis(300);
        tokio::time::timeout(limit, given.one(Kind::Insert(2))).await.unwrap_err();
    };
    let (first, ()) = tokio::join!(first, impatient);
    assert!(unavailable(first).contains("another process holds the file"));
    assert!(!given.threads.are_doubted());
    drop(lock);
    given.one(Kind::Insert(3)).await.unwrap();
    assert_eq!(given.ids().await, [3]);
}
