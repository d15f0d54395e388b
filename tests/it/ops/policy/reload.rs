//! LIM-7: a running service takes another policy, and only a sound one.

use std::fs;
use std::process::Command;
use std::time::Duration;

use identity::grpc::proto::{GetPolicyRequest, Policy};
use rustix::process::Signal;

use crate::both_stores::test_on_both_stores;
use crate::support::client::operator;
use crate::support::server::Server;
use crate::support::wait;
use crate::support::world::{Store, World};

impl World {
    /// A service with a policy file.
    async fn with_policy(store: Store) -> Self {
        Self::with(store, |settings| settings.policy("name", "first")).await
    }

    /// SHA-256 of the policy file, as sha256sum tells it.
    fn sha256_of_policy(&self) -> String {
        let output = Command::new("sha256sum").arg(self.settings.policy_file()).output().unwrap();
        String::from_utf8(output.stdout).unwrap().split_whitespace().next().unwrap().to_owned()
    }
}

async fn in_force(server: &Server) -> Policy {
    let request = operator(GetPolicyRequest {}, &server.admin_token());
    server.admin().await.admin().get_policy(request).await.unwrap().into_inner().policy.unwrap()
}

/// Waits until the policy in force has this name; the file is looked at every five seconds.
async fn named(server: &Server, name: &str) -> Policy {
    wait::until(name, Duration::from_secs(15), async || {
        Some(in_force(server).await).filter(|policy| policy.name == name)
    })
    .await
}

async fn logged(server: &Server, words: &str, times: usize) -> String {
    wait::until(words, Duration::from_secs(15), async || server.log().lines_with(words).into_iter().nth(times - 1))
        .await
}

test_on_both_stores!(a_hang_up_takes_the_new_policy_and_harms_no_challenge, with_policy, |mut world| {
    let before = in_force(&world.server).await;
    let first = world.sha256_of_policy();
    assert_eq!((before.name.as_str(), &before.sha256, before.version.as_str()), ("first", &first, &first[..12]));
    let (begun, code) = world.server.request_code("mira@example.org").await;
    assert_eq!((begun.code_length, begun.attempts_remaining), (6, 5));

    world.settings.policy("name", "second");
    world.settings.policy("codes.length", 9);
    world.settings.policy("codes.max_attempts", 2);
    world.settings.policy("codes.lifetime", "1m");
    world.settings.write_policy();
    world.server.process().signal(Signal::HUP);
    let after = named(&world.server, "second").await;
    let second = world.sha256_of_policy();
    assert_eq!((&after.sha256, after.version.as_str()), (&second, &second[..12]));
    assert!(after.text.contains("length = 9\n") && after.text.contains("lifetime = \"1m\"\n"), "{}", after.text);
    let (since, loaded) = (before.load_time.unwrap(), after.load_time.unwrap());
    assert!((loaded.seconds, loaded.nanos) > (since.seconds, since.nanos));

    let client = world.server.client().await;
    let (new, long) = world.server.request_code("noa@example.org").await;
    assert_eq!((new.code_length, new.attempts_remaining, long.len()), (9, 2, 9));
    client.verify_otp(&new.challenge_id, &long).await.unwrap();
    // What had begun goes on as it began: its code, and its five attempts, two of them wrong.
    for _ in 0..2 {
        let wrong = if code == "000000" { "000001" } else { "000000" };
        assert_eq!(client.verify_otp(&begun.challenge_id, wrong).await.unwrap_err().reason, "CODE_INVALID");
    }
    client.verify_otp(&begun.challenge_id, &code).await.unwrap();

    let audit = world.audit().await;
    assert_eq!(audit.count("service.started", &format!("first sha256:{first}")), 1);
    assert_eq!(audit.count("policy.changed", &format!("second sha256:{second}")), 1);
    assert_eq!(audit.total("policy.changed"), 1);
    assert!(audit.total("policy.read") >= 2);
    let acts = ["service.started", "policy.changed"];
    assert!(audit.0.iter().filter(|e| acts.contains(&e.act.as_str())).all(|e| e.actor == "service"));
});

test_on_both_stores!(a_changed_file_is_noticed_and_a_wrong_one_changes_nothing, with_policy, |mut world| {
    let first = in_force(&world.server).await;
    world.settings.policy("name", "second");
    world.settings.policy("codes.length", 8);
    world.settings.write_policy();
    // Nobody says so.
    named(&world.server, "second").await;
    assert_eq!(world.server.client().await.send_otp("mira@example.org").await.unwrap().code_length, 8);

    // A key that does not exist, a client that nobody registered, and no file at all.
    let good = fs::read_to_string(world.settings.policy_file()).unwrap();
    let mut refused = Vec::new();
    for (wrong, told) in [
        (format!("{good}\n[fax]\nbudget = 5\n"), "fax: is not a known key; known here: name, template"),
        (
            format!("{good}\n[[override]]\nclient = \"x\"\ncodes = {{ length = 7 }}\n"),
            "is no client of the configuration",
        ),
    ] {
        fs::write(world.settings.policy_file(), wrong).unwrap();
        refused.push(format!("POLICY_INVALID sha256:{}", world.sha256_of_policy()));
        world.server.process().signal(Signal::HUP);
        let line = logged(&world.server, told, 1).await;
        assert!(line.contains("the earlier policy stays in force") && line.contains("policy.toml"), "{line}");
    }
    fs::remove_file(world.settings.policy_file()).unwrap();
    refused.push("POLICY_UNREADABLE".to_owned());
    logged(&world.server, "cannot be read", 1).await;
    let second = in_force(&world.server).await;
    assert_eq!(second.name, "second");
    assert_ne!(second.sha256, first.sha256);
    assert_eq!(world.server.client().await.send_otp("noa@example.org").await.unwrap().code_length, 8);
    wait::until("the refusals are in the audit log", Duration::from_secs(5), async || {
        let audit = world.audit().await;
        refused.iter().all(|reason| audit.count("policy.changed", reason) >= 1).then_some(())
    })
    .await;

    // Mended, it is taken again, and the same file twice is no change.
    world.settings.policy("name", "third");
    world.settings.write_policy();
    named(&world.server, "third").await;
    world.server.process().signal(Signal::HUP);
    logged(&world.server, "is the same", 1).await;
    let audit = world.audit().await;
    assert_eq!(audit.0.iter().filter(|e| e.act == "policy.changed" && e.outcome == "success").count(), 2);
});

#[tokio::test]
async fn without_a_file_the_standard_holds_and_names_itself() {
    let server = Server::embedded().await;
    let policy = in_force(&server).await;
    assert_eq!(policy.name, "standard");
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/policies/standard.toml");
    assert_eq!(policy.text, fs::read_to_string(file).unwrap());
    let output = Command::new("sha256sum").arg(file).output().unwrap();
    assert!(String::from_utf8(output.stdout).unwrap().starts_with(&policy.sha256));
    // Whoever has no token does not see it.
    let admin = server.admin().await;
    let refusal = admin.admin().get_policy(GetPolicyRequest {}).await.unwrap_err();
    assert_eq!(refusal.code(), tonic::Code::Unauthenticated);
}
