//! Each message goes out on its own channel.

use super::*;
use crate::{
    domain::sms::SmsStop,
    engine::delivery::{Messengers, SmsRoute, WorkerParts},
    ports::store::Withheld,
};

fn with_sms(world: &Arc<World>) -> WorkerParts {
    let sms = SmsRoute { chain: world.chain(), domain: "id.example.com".to_owned() };
    WorkerParts { messengers: Messengers { email: world.chain(), sms: Some(sms) }, ..world.parts() }
}

/// Accepts a notice to a user with a phone number.
fn notice(world: &Arc<World>) -> MessageId {
    let user_id = UserId::new(world.uuid());
    let phone = Identifier::stored("+491761234567").unwrap();
    let contact = SealedContact::seal(&phone, &world.sealing(), user_id, world.nonce()).unwrap();
    let id = MessageId::new(world.uuid());
    let content = Content::RefreshTokenReused { address: "203.0.113.7".to_owned(), noticed_at: 0, everywhere: true };
    let (now, expire) = (world.now(), world.now().after(Duration::from_hours(1)));
    let new = sealed_message(&world.sealing(), world.nonce(), id, None, &content, "", now, expire).unwrap();
    world.put(new, Recipient::User { user_id, contact, locale: "de".to_owned() });
    id
}

#[tokio::test]
async fn a_notice_goes_by_sms_where_the_user_has_a_number_alone() {
    let world = World::new();
    let (email, sms) = (world.accept("ada"), notice(&world));
    let worker = World::work_with(with_sms(&world), 4, POLL);
    let (end, _, _) = world.end(email).await;
    assert!(matches!(end, Settlement::Delivered { provider_message_id, .. } if provider_message_id == "p"));
    let (end, event, _) = world.end(sms).await;
    assert!(matches!(end, Settlement::Delivered { provider_message_id, .. } if provider_message_id == "s"));
    assert_eq!(event.act, Act::MessageDelivered);
    worker.stop().await;
    let sent = world.sent.lock().unwrap();
    assert!(sent.contains(&"ada".to_owned()) && sent.iter().any(|sent| sent.starts_with("+491761234567: Sicherheit")));
}

/// Settings do not burn messages: another process may have a provider for SMS, and this one soon.
#[tokio::test]
async fn without_a_provider_a_short_message_waits() {
    let world = World::new();
    let sms = notice(&world);
    let worker = world.work(4, POLL);
    let email = world.accept("ada");
    world.end(email).await;
    worker.stop().await;
    assert!(world.rows.lock().unwrap().iter().any(|row| row.message.message_id == sms && row.end.is_none()));
    world.go_on(Duration::from_mins(5));
    let worker = World::work_with(with_sms(&world), 4, POLL);
    world.end(sms).await;
    worker.stop().await;
}

/// A notice may not go where a rule on text messages stops it; an email is not asked about.
#[tokio::test]
async fn a_notice_that_a_rule_stops_is_dropped_with_its_reason() {
    let world = World::new();
    let stop = SmsStop::PrefixBudget;
    *world.withheld.lock().unwrap() = Some(Withheld { stop, country: None, alarm: true });
    let (email, sms) = (world.accept("ada"), notice(&world));
    let worker = World::work_with(with_sms(&world), 4, POLL);
    let (end, event, _) = world.end(sms).await;
    assert!(matches!(end, Settlement::Dropped { .. }));
    assert_eq!((event.act, event.reason.as_ref()), (Act::MessageDropped, "SMS_PREFIX_BUDGET"));
    let (end, _, _) = world.end(email).await;
    assert!(matches!(end, Settlement::Delivered { .. }));
    worker.stop().await;
    assert_eq!(*world.sent.lock().unwrap(), ["ada"]);
}
