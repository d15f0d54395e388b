//! How PostgreSQL carries out the statements that do many steps at once.

use super::{Engine, Given};
use identity::adapters::sql::PostgresStore;

const BATCHES: [&str; 13] = [
    "BEGIN_CHALLENGE",
    "BEGIN_ANSWERED_CHALLENGE",
    "CHARGE_PLAIN_ATTEMPT",
    "CHARGE_KNOWN_ATTEMPT",
    "CHARGE_ATTEMPT",
    "COMPLETE_KNOWN_SIGN_IN",
    "COMPLETE_TOLD_SIGN_IN",
    "COMPLETE_FIRST_SIGN_IN",
    "COMPLETE_SIGN_IN",
    "ROTATE_LIVE",
    "RECORD_EVENTS",
    "SETTLE_MESSAGE",
    "TAKE_RECEIPTS",
];

/// No table is read as a whole, however little it holds, and what a statement is given is read once: within a loop each value
/// would be made anew for each row.
#[tokio::test]
async fn batches_go_by_key() {
    let given = Given::on(Engine::Postgres).await;
    let batches: Vec<_> = PostgresStore::texts().filter(|(name, _)| BATCHES.contains(name)).collect();
    assert_eq!(batches.len(), 2 * BATCHES.len(), "each alone and in company");
    for (name, text) in batches {
        let plan = given.inspect.plan(text).await;
        assert!(!plan.contains("Seq Scan"), "{name}: {plan}");
        let lines: Vec<&str> = plan.lines().collect();
        let depth = |line: &str| line.len() - line.trim_start().len();
        for (nth, line) in lines.iter().enumerate().filter(|(_, line)| line.contains("Values Scan")) {
            let parent = lines[..nth].iter().rposition(|above| depth(above) < depth(line)).unwrap();
            let is_outer = !lines[parent + 1..nth].iter().any(|beside| depth(beside) == depth(line));
            assert!(is_outer || !lines[parent].contains("Nested Loop"), "{name}: {plan}");
        }
        // An index that is read without a condition is read as a whole.
        for (nth, line) in lines.iter().enumerate().filter(|(_, line)| line.contains(" Scan using")) {
            let condition = lines.get(nth + 1).is_some_and(|below| below.contains("Index Cond"));
            assert!(condition, "{name}, {line}: {plan}");
        }
    }
}
