use super::*;
use crate::{adapters::signer::generate_pem, ports::signer::Opening};

/// Asks until a token is opened beside this thread: whether one is depends on how fast they come.
fn beside(signer: &TokenSigner, token: &str) -> Opening {
    for _ in 0..1_000_000 {
        if let Some(opening) = signer.open_beside(token) {
            return opening;
        }
    }
    panic!("nothing is opened beside")
}

#[tokio::test]
async fn what_is_opened_beside_is_what_is_opened_here() {
    let signer = signer(keys(&[("a.pem", &PEM)]));
    let foreign = TokenSigner::start(keys(&[("b.pem", &generate_pem().unwrap())]), NonZeroUsize::MIN, 1).unwrap();
    let good = token(&signer).await;
    let (changed, foreign) = (good.replacen('a', "b", 1), token(&foreign).await);
    for token in [good.as_str(), &changed, &foreign, "", ".", "a.b.c", &good[..good.len() - 1]] {
        assert_eq!(beside(&signer, token).await, Some(signer.open(token)), "{token}");
    }
    assert!(signer.open(&good).is_ok() && signer.open(&foreign).is_err());
}

#[tokio::test]
async fn few_wait_beside_and_none_before_a_signature() {
    let signer = signer(keys(&[("a.pem", &PEM)]));
    let good = token(&signer).await;
    for _ in 0..200 {
        let openings: Vec<Opening> = (0..64).filter_map(|_| signer.open_beside(&good)).collect();
        for opening in openings {
            assert!(opening.await.unwrap().is_ok());
        }
        let claims = claims();
        let mut signing = signer.sign(&claims);
        if futures_util::poll!(signing.as_mut()).is_pending() {
            // A signature that is still missing afterwards was wanted before; one that was done in this moment tells nothing.
            // Of many that come close upon each other, so that it is not for their pace that none is taken.
            let began = (0..50).any(|_| signer.open_beside(&good).is_some());
            let wanted = futures_util::poll!(signing.as_mut()).is_pending();
            assert!(!(began && wanted), "a token is opened while a signature is wanted");
            if !wanted {
                continue;
            }
            let _ = signing.await;
        }
    }
    assert!(signer.open_beside(&"a".repeat(8 * 1024 + 1)).is_none(), "nothing that long is looked at");
}

#[tokio::test]
async fn a_caller_who_has_gone_keeps_nobody_busy_and_harms_nobody() {
    let signer = signer(keys(&[("a.pem", &PEM)]));
    let good = token(&signer).await;
    for _ in 0..1000 {
        drop(signer.open_beside(&good));
    }
    assert!(beside(&signer, &good).await.unwrap().is_ok());
    assert!(signer.sign(&claims()).await.is_ok());
}
