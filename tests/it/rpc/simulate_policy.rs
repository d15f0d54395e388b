//! `SimulatePolicy` and `identity policy simulate`: what a policy would have refused.

use std::fs;

use identity::grpc::proto::{SimulatePolicyRequest, SimulatePolicyResponse, SimulatedRule};
use tonic::{Code, Status};

use super::{assert_fields, assert_refused};
use crate::both_stores::on_both_stores;
use crate::support::client::operator;
use crate::support::refusal::Refusal;
use crate::support::world::{Store, World, identity};

const TIGHT: &str = "template = \"standard\"\nname = \"tight\"\n[limits.identifier]\n\
    windows = [{ limit = 1, seconds = 300 }]\n[lockout]\nrungs = [{ failures = 1, wait = \"1h\" }]\n";

impl World {
    async fn simulate(&self, policy: &str) -> Result<SimulatePolicyResponse, Status> {
        let (client, token) = (self.server.admin().await, self.server.admin_token());
        let request = SimulatePolicyRequest { policy: policy.to_owned(), span: None };
        Ok(client.admin().simulate_policy(operator(request, &token)).await?.into_inner())
    }

    /// Three codes for a person and a fourth that is refused, one for another; of the latter two wrong codes and the
    /// right one.
    async fn lived_through_a_day(&self) {
        let client = self.server.client().await;
        for request in 0..4 {
            assert_eq!(client.send_otp("mira@example.org").await.is_ok(), request < 3);
        }
        let (challenge, code) = self.server.request_code("noa@example.org").await;
        let wrong = if code.starts_with('0') { code.replacen('0', "1", 1) } else { format!("0{}", &code[1..]) };
        for _ in 0..2 {
            client.verify_otp(&challenge.challenge_id, &wrong).await.unwrap_err();
        }
        client.verify_otp(&challenge.challenge_id, &code).await.unwrap();
    }
}

fn rule<'a>(told: &'a SimulatePolicyResponse, name: &str) -> &'a SimulatedRule {
    told.rules.iter().find(|rule| rule.rule == name).unwrap()
}

/// Would refuse, was refused, newly, no longer.
fn counts(told: &SimulatePolicyResponse, name: &str) -> (i64, i64, i64, i64) {
    let rule = rule(told, name);
    (rule.would_refuse, rule.was_refused, rule.newly_refused, rule.no_longer_refused)
}

on_both_stores!(counts_what_a_policy_would_have_refused, |world| {
    world.lived_through_a_day().await;
    let told = world.simulate(TIGHT).await.unwrap();
    assert_eq!((told.name.as_str(), told.complete, told.sha256.len()), ("tight", true, 64));
    assert_eq!((told.requests, told.verifications, told.untracked), (5, 3, 0));
    assert!(told.events > 8 && told.since.unwrap().seconds + 86_400 == told.until.unwrap().seconds);
    assert_eq!(counts(&told, "any"), (3, 1, 2, 0));
    assert_eq!(counts(&told, "identifier"), (3, 1, 2, 0));
    assert_eq!((counts(&told, "address"), counts(&told, "all")), ((0, 0, 0, 0), (0, 0, 0, 0)));
    assert_eq!(counts(&told, "lockout"), (2, 0, 2, 0));
    let identifier = rule(&told, "identifier");
    assert_eq!((identifier.keys_affected, identifier.most_affected.as_slice()), (1, &[2][..]));
    assert!(told.caveats.iter().any(|words| words.contains("Identifiers are taken as they are")));

    let told = world.simulate("template = \"lenient\"").await.unwrap();
    assert_eq!((counts(&told, "any"), counts(&told, "identifier")), ((0, 1, 0, 1), (0, 1, 0, 1)));
    let told = world.simulate(&TIGHT.replace("windows", "mode = \"shadow\"\nwindows")).await.unwrap();
    assert_eq!((counts(&told, "any"), rule(&told, "identifier").would_report), ((0, 1, 0, 1), 3));
    // Nothing was counted and nothing changed: the policy in force is another.
    assert!(world.server.client().await.send_otp("noa@example.org").await.is_ok());
    let audit = world.audit().await;
    assert_eq!(audit.total("policy.simulated"), 3);
    let events = audit.0.iter().filter(|event| event.act == "policy.simulated");
    assert!(events.into_iter().all(|event| event.actor == "operator" && event.reason.contains(" sha256:")));
});

on_both_stores!(the_command_tells_the_same, |world| {
    world.lived_through_a_day().await;
    let file = world.settings.folder().join("tight.toml");
    fs::write(&file, TIGHT).unwrap();
    let config = world.settings.file();
    let run = |more: &[&str]| {
        let arguments = ["policy", "simulate", file.to_str().unwrap(), "--config", config.to_str().unwrap()];
        identity(&[&arguments, more].concat())
    };
    let output = run(&["--since", "1h"]);
    let (told, progress) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{progress}");
    assert!(progress.contains(" events read, up to "), "{progress}");
    assert!(
        told.starts_with("The policy \"tight\" over the last 1h: 5 requests for codes, 3 codes presented.\n"),
        "{told}"
    );
    let line = |rule: &str| -> Vec<String> {
        let line = told.lines().find(|line| line.starts_with(rule)).unwrap();
        line.split_whitespace().skip(1).map(str::to_owned).collect()
    };
    assert_eq!(line("identifier "), ["3", "0", "1", "2", "0", "1", "2"]);
    assert_eq!(line("lockout "), ["2", "0", "0", "2", "0", "1", "2"]);
    assert!(told.contains("What this cannot know:") && !told.contains("example.org"));
    assert_eq!(run(&["--since", "31d"]).status.code(), Some(64));
    fs::write(&file, "template = \"none\"").unwrap();
    let output = run(&[]);
    assert_eq!(output.status.code(), Some(64));
    assert!(String::from_utf8(output.stderr).unwrap().contains("tight.toml:1: template"));
});

on_both_stores!(a_wrong_policy_is_refused_with_all_that_is_wrong, |world| {
    let bad = "template = \"standard\"\n[codes]\nlength = 77\nlife = 1\n[[override]]\nclient = \"nobody\"\n";
    let refusal = assert_refused(world.simulate(bad).await, Code::InvalidArgument, "INVALID_FIELD");
    assert!(
        refusal.field_names().iter().all(|name| *name == "policy") && refusal.fields.len() > 1,
        "{:?}",
        refusal.fields
    );
    assert!(refusal.fields.iter().any(|(_, what)| what.contains("codes.length") && !what.contains("77")));
    assert_fields(world.simulate("").await, "INVALID_FIELD", &["policy"]);
    assert_fields(world.simulate(&" ".repeat(15_001)).await, "INVALID_FIELD", &["policy"]);
    let (client, token) = (world.server.admin().await, world.server.admin_token());
    // Too long, and no durations by their own definition.
    for (seconds, nanos) in [(31 * 86_400, 0), (60, -1), (-60, 1), (60, 1_000_000_000), (60, i32::MIN)] {
        let span = Some(prost_types::Duration { seconds, nanos });
        let request = SimulatePolicyRequest { policy: TIGHT.to_owned(), span };
        let answer = client.admin().simulate_policy(operator(request, &token)).await;
        assert_fields(answer, "INVALID_FIELD", &["span"]);
    }
    assert_eq!(world.audit().await.of_callers(), 0);
});

// So many characters of more than one octet would not go into a message.
on_both_stores!(of_a_policy_octets_are_counted, |world| {
    let long = |octets: usize| {
        let rest = octets - TIGHT.len() - 1;
        format!("{TIGHT}#{}{}", "é".repeat(rest / 2), "e".repeat(rest % 2))
    };
    let (fits, too_long) = (long(15_000), long(15_001));
    assert_eq!((fits.len(), too_long.len()), (15_000, 15_001));
    world.simulate(&fits).await.unwrap();
    let refusal = assert_refused(world.simulate(&too_long).await, Code::InvalidArgument, "INVALID_FIELD");
    assert_eq!(refusal.fields, [("policy".to_owned(), "is longer than 15000 octets".to_owned())]);
});

/// As many faults as lines, each of which quotes its line: clients refuse answers whose headers are too large.
#[tokio::test]
async fn a_policy_full_of_faults_is_answered_in_few_words() {
    let world = World::on(Store::Sqlite).await;
    let lines: Vec<_> = (0..600).map(|nth| format!("unknown_key_{nth} = 1")).collect();
    for policy in
        [format!("template = \"standard\"\n{}", lines.join("\n")), format!("template = \"{}\"", "x".repeat(8000))]
    {
        let refusal = Refusal::from(world.simulate(&policy).await.unwrap_err());
        assert_eq!(refusal.code, Code::InvalidArgument);
        assert!((1..=16).contains(&refusal.field_names().len()));
        let size: usize =
            refusal.status.metadata().as_ref().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        assert!(size + refusal.status.details().len() * 4 / 3 + refusal.message.len() < 8 * 1024, "{size}");
    }
}
