//! One test body on both stores.

/// One test body on both stores, as the tests `<name>::sqlite` and `<name>::postgres`.
macro_rules! on_both_stores {
    ($(#[$attribute:meta])* $name:ident, |$world:pat_param| $body:block) => {
        $crate::both_stores::test_on_both_stores!($(#[$attribute])* $name, on, |$world| $body);
    };
}
pub(crate) use on_both_stores;

/// The same, by a clock that `world.advance` moves.
macro_rules! on_both_stores_with_clock {
    ($(#[$attribute:meta])* $name:ident, |$world:pat_param| $body:block) => {
        $crate::both_stores::test_on_both_stores!($(#[$attribute])* $name, with_clock, |$world| $body);
    };
}
pub(crate) use on_both_stores_with_clock;

macro_rules! test_on_both_stores {
    ($(#[$attribute:meta])* $name:ident, $start:ident, |$world:pat_param| $body:block) => {
        async fn $name($world: $crate::support::world::World) $body

        $(#[$attribute])*
        mod $name {
            use $crate::support::world::{Store, World};

            #[tokio::test]
            async fn sqlite() {
                super::$name(World::$start(Store::Sqlite).await).await;
            }

            #[tokio::test]
            async fn postgres() {
                super::$name(World::$start(Store::Postgres).await).await;
            }
        }
    };
}
pub(crate) use test_on_both_stores;

/// Bodies that take a store and make their own worlds, each as the tests `<name>::sqlite` and `<name>::postgres`.
macro_rules! bodies_on_both_stores {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            use $crate::support::world::Store;

            #[tokio::test]
            async fn sqlite() {
                super::$name(Store::Sqlite).await;
            }

            #[tokio::test]
            async fn postgres() {
                super::$name(Store::Postgres).await;
            }
        }
    )+};
}
pub(crate) use bodies_on_both_stores;
