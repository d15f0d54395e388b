//! Captcha providers: the same answers, whichever it is.

use std::time::{Duration, Instant};

use identity::adapters::captcha::{CaptchaOptions, SiteVerify};
use identity::domain::proof::CaptchaProvider;
use identity::domain::secret::SecretString;
use identity::ports::proof::{CaptchaJudge, Verdict};

use crate::support::captcha::{CaptchaServer, HOST, Provider, SECRET, SITE_KEY};
use crate::support::port::Port;

const PROVIDERS: [Provider; 2] = [Provider::Turnstile, Provider::Hcaptcha];

fn options(provider: Provider, endpoint: String) -> CaptchaOptions {
    CaptchaOptions {
        provider: match provider {
            Provider::Turnstile => CaptchaProvider::Turnstile,
            Provider::Hcaptcha => CaptchaProvider::Hcaptcha,
        },
        endpoint: Some(endpoint),
        site_key: SITE_KEY.to_owned(),
        secret: SecretString::from(SECRET),
        hostnames: vec![HOST.to_owned()],
        timeout: Duration::from_secs(2),
    }
}

/// The verdict, or what was wrong, with its causes.
async fn judged(judge: &SiteVerify, answer: &str) -> Result<Verdict, String> {
    judge.judge(&SecretString::from(answer)).await.map_err(|fault| {
        let mut text = fault.to_string();
        let mut source = std::error::Error::source(&fault);
        while let Some(cause) = source {
            text = format!("{text}: {cause}");
            source = cause.source();
        }
        text
    })
}

#[tokio::test]
async fn what_is_good_once_passes_once() {
    for provider in PROVIDERS {
        let server = CaptchaServer::start(provider).await;
        let judge = SiteVerify::new(options(provider, server.endpoint())).unwrap();
        assert_eq!(judged(&judge, "good-1").await, Ok(Verdict::Passed), "{provider:?}");
        assert_eq!(judged(&judge, "good-1").await, Ok(Verdict::Failed), "{provider:?}");
        assert_eq!(judged(&judge, "good-2").await, Ok(Verdict::Passed), "{provider:?}");
        let form = &server.forms()[0];
        let names: Vec<&str> = form.keys().map(String::as_str).collect();
        let expected: &[&str] =
            if provider == Provider::Hcaptcha { &["response", "secret", "sitekey"] } else { &["response", "secret"] };
        assert_eq!(names, expected, "{provider:?} is told nothing of the person");
    }
}

#[tokio::test]
async fn what_is_not_good_fails() {
    for provider in PROVIDERS {
        let server = CaptchaServer::start(provider).await;
        let judge = SiteVerify::new(options(provider, server.endpoint())).unwrap();
        for answer in ["x", "expired", "elsewhere", "nowhere", "refused", "", "x&secret=x"] {
            assert_eq!(judged(&judge, answer).await, Ok(Verdict::Failed), "{provider:?} {answer}");
        }
    }
}

#[tokio::test]
async fn what_gives_no_verdict_is_a_fault_within_the_time() {
    for provider in PROVIDERS {
        let server = CaptchaServer::start(provider).await;
        let judge = SiteVerify::new(options(provider, server.endpoint())).unwrap();
        for answer in ["slow", "drip", "giant", "malformed", "wrong", "failing", "unsure", "internal", "moved"] {
            let begun = Instant::now();
            let fault = judged(&judge, answer).await.expect_err(answer);
            assert!(begun.elapsed() < Duration::from_secs(5), "{provider:?} {answer}: {:?}", begun.elapsed());
            for secret in [SECRET, "siteverify?", &server.endpoint()] {
                assert!(!fault.contains(secret), "{provider:?} {answer}: {fault}");
            }
        }
        assert_eq!(judged(&judge, "good-1").await, Ok(Verdict::Passed), "{provider:?} afterwards");
    }
}

#[tokio::test]
async fn a_wrong_secret_and_an_absent_provider_are_faults() {
    for provider in PROVIDERS {
        let server = CaptchaServer::start(provider).await;
        for secret in ["another", ""] {
            let options = CaptchaOptions { secret: SecretString::from(secret), ..options(provider, server.endpoint()) };
            let fault = judged(&SiteVerify::new(options).unwrap(), "good-1").await.unwrap_err();
            assert!(fault.ends_with("siteverify does not take our secret"), "{fault}");
        }
        let port = Port::free();
        let nobody = options(provider, format!("http://127.0.0.1:{}/siteverify", port.number()));
        judged(&SiteVerify::new(nobody).unwrap(), "good-1").await.unwrap_err();
    }
}

#[tokio::test]
async fn a_flood_takes_no_more_than_its_places() {
    let server = CaptchaServer::start(Provider::Turnstile).await;
    let judge = SiteVerify::new(options(Provider::Turnstile, server.endpoint())).unwrap();
    let flood = futures_util::future::join_all((0..200).map(|_| judged(&judge, "slow"))).await;
    let busy = flood.iter().filter(|fault| fault.as_ref().is_err_and(|text| text.contains("too many answers")));
    assert_eq!(busy.count(), 200 - 64);
    assert_eq!(judged(&judge, "good-1").await, Ok(Verdict::Passed));
}

#[test]
fn an_address_that_is_none_is_refused() {
    assert!(SiteVerify::new(options(Provider::Turnstile, "nowhere".to_owned())).is_err());
}
