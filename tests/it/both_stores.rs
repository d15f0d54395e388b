//! One test body on both stores.

/// One test body on both stores, as the tests `<name>::sqlite` and `<name>::postgres`.
macro_rules! on_both_stores {
    ($(#[$attribute:meta])* $name:ident, |$world:ident| $body:block) => {
        $(#[$attribute])*
        mod $name {
            use super::*;
            use $crate::support::world::{Store, World};

            async fn body($world: World) $body

            #[tokio::test]
            async fn sqlite() {
                body(World::on(Store::Sqlite).await).await;
            }

            #[tokio::test]
            async fn postgres() {
                body(World::on(Store::Postgres).await).await;
            }
        }
    };
}
pub(crate) use on_both_stores;
