//! Documents that code can contradict.

use std::fs;
use std::path::Path;

use identity::domain::audit::Act;
use identity::domain::funnel::{FunnelEvent, Step};
use identity::domain::sms::SmsStop;

use crate::support::http;
use crate::support::server::Server;

fn document(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

#[test]
fn the_page_on_audit_lists_every_act_and_no_other() {
    let page = document("docs/audit.md");
    let acts = page.split("## Acts").nth(1).unwrap();
    let listed: Vec<&str> =
        acts.lines().filter_map(|line| line.strip_prefix("| `")).filter_map(|line| line.split('`').next()).collect();
    assert_eq!(listed, Act::ALL.map(Act::as_str));
}

#[test]
fn the_page_on_analytics_lists_every_event_and_field() {
    let page = document("docs/analytics.md");
    let (events, fields) = page.split_once("## Fields").unwrap();
    let listed = |part: &str| -> Vec<String> {
        let cells = part.lines().filter_map(|line| line.strip_prefix("| `")?.split(" | ").next().map(str::to_owned));
        cells
            .flat_map(|cell| cell.split(", ").map(|name| name.replace(['`', '|', ' '], "")).collect::<Vec<_>>())
            .collect()
    };
    assert_eq!(listed(events), Step::ALL.map(Step::as_str));
    assert_eq!(listed(fields), FunnelEvent::FIELDS);
}

#[test]
fn the_page_on_policy_names_every_reason_to_keep_a_text_message_back() {
    let page = document("docs/policy.md");
    for stop in SmsStop::ALL {
        assert!(page.contains(&format!("`{}`", stop.as_str())), "{}", stop.as_str());
    }
}

/// Whoever writes a probe finds its path, and what each word of the answer means.
#[tokio::test]
async fn the_page_on_configuration_tells_the_health_checks() {
    let page = document("docs/configuration.md");
    let server = Server::embedded().await;
    for path in ["/health/live", "/health/ready"] {
        assert!(page.contains(&format!("- `{path}`: ")), "{path}");
        let answer = http::get(server.addresses().http, path).await;
        assert_eq!(answer.status, 200, "{path}");
        let told: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&answer.body).unwrap();
        for key in told.keys().filter(|key| *key != "status") {
            assert!(page.contains(&format!("`{key}`")), "{key}");
        }
    }
}

#[test]
fn every_decision_has_a_title_with_its_number() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/decisions");
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name != "README.md" {
            let text = fs::read_to_string(&path).unwrap();
            assert!(text.starts_with(&format!("# {}", &name[..4])), "{name}");
        }
    }
}
