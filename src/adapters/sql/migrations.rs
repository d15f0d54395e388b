//! The schema's steps, embedded. `migrations/README.md` says how one is added.

use sqlx::{
    SqlSafeStr as _,
    migrate::{Migration, MigrationType, Migrator},
};

macro_rules! migrations {
    ($($number:literal $name:literal $file:literal),* $(,)?) => {
        /// The steps for PostgreSQL.
        pub(super) fn postgres() -> Migrator {
            Migrator::with_migrations(vec![
                $(step($number, $name, include_str!(concat!("../../../migrations/postgres/", $file)))),*
            ])
        }

        /// The steps for SQLite.
        pub(super) fn sqlite() -> Migrator {
            Migrator::with_migrations(vec![
                $(step($number, $name, include_str!(concat!("../../../migrations/sqlite/", $file)))),*
            ])
        }
    };
}

migrations! {
    1 "first" "0001_first.sql",
    2 "known_devices" "0002_known_devices.sql",
    3 "refusals" "0003_refusals.sql",
    4 "phone_numbers" "0004_phone_numbers.sql",
    5 "notices" "0005_notices.sql",
    6 "text_messages" "0006_text_messages.sql",
    7 "providers" "0007_providers.sql",
    8 "magic_links" "0008_magic_links.sql",
    9 "grants" "0009_grants.sql",
    10 "receipts" "0010_receipts.sql",
    11 "due" "0011_due.sql",
}

fn step(number: i64, name: &'static str, text: &'static str) -> Migration {
    Migration::new(number, name.into(), MigrationType::Simple, text.into_sql_str(), false)
}
