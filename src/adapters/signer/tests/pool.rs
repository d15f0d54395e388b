use super::*;
use crate::ports::signer::SignerFault;
use futures_util::FutureExt as _;
use std::sync::Arc;
use tokio::task::JoinSet;

#[tokio::test]
async fn a_full_queue_refuses_and_the_rest_is_signed() {
    let one = NonZeroUsize::new(1).unwrap();
    let signer = Arc::new(TokenSigner::start(keys(&[("a.pem", &PEM)]), one, 2).unwrap());
    let mut calls = JoinSet::new();
    for _ in 0..64 {
        let signer = Arc::clone(&signer);
        calls.spawn(async move { signer.sign(&claims()).await });
    }
    let outcomes = calls.join_all().await;
    let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let refused = outcomes.iter().filter(|outcome| matches!(outcome, Err(SignerFault::Overloaded))).count();
    assert_eq!(done + refused, 64);
    assert!(done >= 2 && refused >= 1, "{done} signed, {refused} refused");
    assert!(signer.sign(&claims()).await.is_ok(), "the queue drains");
}

#[tokio::test]
async fn a_first_question_tells_whether_the_token_will_be_signed() {
    let one = NonZeroUsize::new(1).unwrap();
    let signer = TokenSigner::start(keys(&[("a.pem", &PEM)]), one, 8).unwrap();
    let claims = claims();
    let mut first = signer.sign(&claims);
    if let Some(signed) = first.as_mut().now_or_never() {
        assert!(signed.is_ok(), "there is room");
    } else {
        // The one thread takes them in turn, so that the first is signed before the second.
        assert!(signer.sign(&claims).await.is_ok());
        assert!(matches!(first.now_or_never(), Some(Ok(_))), "it was signed without being asked again");
    }
    let mut taken_on = Vec::new();
    // The thread signs meanwhile, and on a busy machine this one may be held up while it does.
    for _ in 0..10_000 {
        let mut next = signer.sign(&claims);
        match next.as_mut().now_or_never() {
            None => taken_on.push(next),
            Some(Ok(_)) => {}
            Some(Err(told)) => return assert!(matches!(told, SignerFault::Overloaded)),
        }
    }
    panic!("a queue of eight took {} on", taken_on.len());
}

#[tokio::test]
async fn a_place_that_was_taken_is_kept_and_one_that_is_given_back_is_free() {
    let one = NonZeroUsize::new(1).unwrap();
    let signer = TokenSigner::start(keys(&[("a.pem", &PEM)]), one, 2).unwrap();
    let places = [signer.reserve().unwrap(), signer.reserve().unwrap()];
    assert!(matches!(signer.reserve(), Err(SignerFault::Overloaded)));
    assert!(matches!(signer.sign(&claims()).await, Err(SignerFault::Overloaded)));
    for place in places {
        assert!(place.sign(&claims()).await.is_ok(), "there is room for it");
    }
    let place = signer.reserve().unwrap();
    drop((place, signer.reserve().unwrap()));
    assert!(signer.sign(&claims()).await.is_ok());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_threads_step_back_and_no_other_does() {
    let signer = signer(keys(&[("a.pem", &PEM)]));
    token(&signer).await;
    let ours = rustix::process::getpriority_process(None).unwrap();
    let mut signing = 0;
    for task in std::fs::read_dir("/proc/self/task").unwrap() {
        let Ok(stat) = std::fs::read_to_string(task.unwrap().path().join("stat")) else { continue };
        let (name, fields) = stat.rsplit_once(')').unwrap();
        // `nice` is field 19 of proc(5); the first after the name is field 3.
        let nice: i32 = fields.split_whitespace().nth(16).unwrap().parse().unwrap();
        if nice != ours {
            assert!(name.contains("(signer-"), "{name}");
            assert_eq!(nice, (ours + 5).min(19));
            signing += 1;
        }
    }
    assert!(signing >= 1);
}
