//! The review accounts in force, replaced whole when their file changes.

use crate::{
    domain::{policy::CodeRules, review_account::ReviewAccounts, time::Timestamp},
    ports::review::{ReviewDesk, ReviewList},
};
use arc_swap::ArcSwap;
use std::{sync::Arc, time::Duration};

/// How much longer than a code lives its account is remembered, for requests that began before it was replaced.
const MARGIN: Duration = Duration::from_mins(1);

/// Holds the review accounts in force; none to begin with.
#[derive(Default)]
pub struct SwappedReview(ArcSwap<Held>);

#[derive(Default)]
struct Held {
    current: Arc<ReviewAccounts>,
    /// With the time until which codes of theirs may be live.
    earlier: Vec<(Timestamp, Arc<ReviewAccounts>)>,
}

impl ReviewList for SwappedReview {
    fn current(&self) -> Arc<ReviewAccounts> {
        self.0.load().current.clone()
    }

    fn lately(&self) -> Vec<Arc<ReviewAccounts>> {
        let held = self.0.load();
        let all = std::iter::once(&held.current).chain(held.earlier.iter().map(|(_, accounts)| accounts));
        all.filter(|accounts| !accounts.all().is_empty()).cloned().collect()
    }
}

impl ReviewDesk for SwappedReview {
    fn replace(&self, accounts: ReviewAccounts, now: Timestamp) {
        let current = Arc::new(accounts);
        let until = now.after(CodeRules::LONGEST_LIFETIME + MARGIN);
        self.0.rcu(|held| {
            let live = held.earlier.iter().filter(|(until, _)| *until > now).cloned();
            let replaced = (!held.current.all().is_empty()).then(|| (until, held.current.clone()));
            Held { current: current.clone(), earlier: live.chain(replaced).collect() }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        challenge::Code,
        contact::EmailAddress,
        review_account::{Elevated, ReviewAccount},
    };

    fn accounts(number: u64) -> ReviewAccounts {
        let account = ReviewAccount {
            email: EmailAddress::parse("review@example.com").unwrap(),
            code: Code::from_draw(number, 6),
            expire_time: Timestamp::from_seconds(0),
        };
        ReviewAccounts::new(vec![account], Elevated::Every).unwrap()
    }

    fn codes(list: &SwappedReview) -> Vec<String> {
        list.lately().iter().map(|accounts| accounts.all()[0].code.digits().to_owned()).collect()
    }

    #[test]
    fn what_was_replaced_is_remembered_as_long_as_its_codes_live() {
        let (list, start) = (SwappedReview::default(), Timestamp::from_seconds(1000));
        list.replace(accounts(1), start);
        list.replace(ReviewAccounts::default(), start.after(Duration::from_mins(1)));
        assert!(list.current().all().is_empty());
        assert_eq!(codes(&list), ["000001"]);
        list.replace(accounts(2), start.after(Duration::from_mins(2)));
        assert_eq!(codes(&list), ["000002", "000001"]);
        list.replace(accounts(3), start.after(Duration::from_mins(7)));
        assert_eq!(codes(&list), ["000003", "000002"]);
    }
}
