//! Addresses that get no message.

use super::{POLL, fakes::World};
use crate::{
    domain::{
        audit::Act,
        contact::{Channel, EmailAddress, Identifier, IdentifierKey},
        digest::Digest,
        id::{MessageId, UserId},
        message::{Content, Recipient},
        receipt::Receipt,
        session::Origin,
        suppression::{Cause, Suppression},
        user::SealedContact,
    },
    engine::delivery::{ReceiptDesk, ReceiptParts, ReceiptSource, SuppressedAddresses, sealed_message},
    ports::{
        clock::Clock as _,
        entropy::Entropy as _,
        keys::Keys as _,
        receipts::{BadPost, Post, ReceiptReader},
        store::Settlement,
    },
};
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use uuid::Uuid;

fn suppress(world: &Arc<World>, address: &str, cause: Cause) {
    let key = EmailAddress::parse(address).unwrap().identity_key(&world.index());
    let suppression = Suppression {
        cause,
        provider: "fake".to_owned(),
        message_id: MessageId::new(world.uuid()),
        challenge_id: None,
        create_time: world.now(),
        expire_time: world.now().after(cause.lasts()),
    };
    world.suppressions.lock().unwrap().push((key, suppression));
}

async fn reason(world: &World, id: MessageId) -> &'static str {
    let (end, event, _) = world.end(id).await;
    let Settlement::Dropped { reason } = end else { return "" };
    assert_eq!((event.act, event.reason.as_ref()), (Act::MessageDropped, reason));
    reason
}

#[tokio::test]
async fn a_suppressed_address_gets_neither_codes_nor_notices() {
    let world = World::new();
    suppress(&world, "ada@example.com", Cause::Bounced);
    suppress(&world, "bob@example.com", Cause::Complained);
    let (ada, bob, cem) = (world.accept("ada"), world.accept("bob"), world.accept("cem"));
    let (user, notice) = (UserId::new(world.uuid()), MessageId::new(world.uuid()));
    let address = Identifier::stored("ada@example.com").unwrap();
    let contact = SealedContact::seal(&address, &world.sealing(), user, world.nonce()).unwrap();
    let content = Content::NewDevice { address: String::new(), noticed_at: 1, everywhere: false };
    let expire = world.now().after(Duration::from_mins(5));
    let new = sealed_message(&world.sealing(), world.nonce(), notice, None, &content, "", world.now(), expire).unwrap();
    world.put(new, Recipient::User { user_id: user, contact, locale: String::new() });
    let parts = world.parts();
    parts.suppressed.poll().await.unwrap();
    let worker = World::work_with(parts, 4, POLL);
    assert_eq!(reason(&world, ada).await, "SUPPRESSED_BOUNCED");
    assert_eq!(reason(&world, notice).await, "SUPPRESSED_BOUNCED");
    assert_eq!(reason(&world, bob).await, "SUPPRESSED_COMPLAINED");
    assert_eq!(reason(&world, cem).await, "");
    // It ends by itself.
    world.go_on(Cause::Bounced.lasts());
    let later = world.accept("ada");
    assert_eq!(reason(&world, later).await, "");
    worker.stop().await;
    assert_eq!(*world.sent.lock().unwrap(), ["cem", "ada"]);
}

/// Whoever cannot be asked holds nothing back; who knows already need not be asked.
#[tokio::test]
async fn a_store_that_is_away_holds_no_message_back() {
    let world = World::new();
    suppress(&world, "ada@example.com", Cause::Bounced);
    let suppressed = SuppressedAddresses::new(world.clone(), world.clone(), world.clone());
    let key = |address: &str| EmailAddress::parse(address).unwrap().identity_key(&world.index());
    world.store_down.store(true, Ordering::SeqCst);
    assert!(suppressed.holds_back(key("bob@example.com"), None).await.is_err(), "nothing has been read yet");
    suppressed.poll().await.unwrap();
    assert!(suppressed.holds_back(key("bob@example.com"), None).await.unwrap().is_none());
    assert!(suppressed.holds_back(key("ada@example.com"), None).await.is_err());
    world.store_down.store(false, Ordering::SeqCst);
    assert!(suppressed.holds_back(key("ada@example.com"), None).await.unwrap().is_some());
    let parts = world.parts();
    parts.suppressed.poll().await.unwrap();
    world.suppressed_down.store(true, Ordering::SeqCst);
    let id = world.accept("ada");
    let worker = World::work_with(parts, 4, POLL);
    assert_eq!(reason(&world, id).await, "");
    worker.stop().await;
}

/// What has ended is forgotten, so that nobody is asked of it any more.
#[tokio::test]
async fn what_has_ended_is_forgotten_and_what_began_since_is_learned() {
    let world = World::new();
    let suppressed = SuppressedAddresses::new(world.clone(), world.clone(), world.clone());
    let key = |address: &str| EmailAddress::parse(address).unwrap().identity_key(&world.index());
    suppress(&world, "ada@example.com", Cause::Bounced);
    suppressed.poll().await.unwrap();
    world.go_on(Duration::from_hours(24));
    suppress(&world, "bob@example.com", Cause::Bounced);
    suppressed.poll().await.unwrap();
    assert!(suppressed.holds_back(key("bob@example.com"), None).await.unwrap().is_some());
    world.go_on(Cause::Bounced.lasts().checked_sub(Duration::from_hours(24)).unwrap());
    suppressed.poll().await.unwrap();
    world.store_down.store(true, Ordering::SeqCst);
    assert!(suppressed.holds_back(key("ada@example.com"), None).await.unwrap().is_none(), "nobody is asked");
    assert!(suppressed.holds_back(key("bob@example.com"), None).await.is_err(), "the store is");
}

/// One process whose clock is ahead hides nothing that others suppress meanwhile.
#[tokio::test]
async fn what_is_stamped_too_late_hides_nothing() {
    let world = World::new();
    let suppressed = SuppressedAddresses::new(world.clone(), world.clone(), world.clone());
    let key = |address: &str| EmailAddress::parse(address).unwrap().identity_key(&world.index());
    suppress(&world, "ada@example.com", Cause::Bounced);
    world.suppressions.lock().unwrap()[0].1.create_time = world.now().after(Duration::from_hours(1));
    suppressed.poll().await.unwrap();
    world.go_on(Duration::from_mins(1));
    suppress(&world, "bob@example.com", Cause::Bounced);
    suppressed.poll().await.unwrap();
    assert!(suppressed.holds_back(key("bob@example.com"), None).await.unwrap().is_some());
}

/// Tells of as many bounces as it is asked for.
struct Bounces(usize);

impl ReceiptReader for Bounces {
    fn kind(&self) -> &'static str {
        "fake"
    }

    fn headers(&self) -> &'static [&'static str] {
        &[]
    }

    fn max_body(&self) -> usize {
        1
    }

    fn read(&self, _post: &Post<'_>) -> Result<Vec<(MessageId, Receipt)>, BadPost> {
        let id = |number| MessageId::new(Uuid::from_u128(number));
        Ok((0..self.0 as u128).map(|number| (id(number), Receipt::Bounced)).collect())
    }
}

/// What is written late is stamped late, or whoever reads on behind it would pass it over.
#[tokio::test]
async fn a_long_post_is_stamped_as_it_is_written() {
    let world = World::new();
    let source = ReceiptSource::new(Channel::Email, "fake".to_owned(), Arc::new(Bounces(300)));
    let suppressed = Arc::new(SuppressedAddresses::new(world.clone(), world.clone(), world.clone()));
    let desk = ReceiptDesk::new(ReceiptParts {
        sources: Vec::new(),
        store: world.clone(),
        clock: world.clone(),
        entropy: world.clone(),
        suppressed: suppressed.clone(),
    });
    let post = Post { header: &|_| None, query: "", body: b"", now: world.now() };
    assert_eq!(desk.take(&source, &post, &Origin::default()).await.unwrap().taken, 300);
    let kept = world.suppressions.lock().unwrap().clone();
    assert_eq!(kept.len(), 300);
    for (place, (_, suppression)) in kept.iter().enumerate() {
        let waited = suppression.create_time.since(post.now).as_secs();
        assert_eq!(waited / 8, u64::try_from(place / 128).unwrap(), "{place}");
        assert_eq!(suppression.expire_time, suppression.create_time.after(Cause::Bounced.lasts()));
    }
}

/// Where there are more than are kept, the store is asked of every message.
#[tokio::test]
async fn too_many_are_asked_of_one_by_one() {
    let world = World::new();
    let suppressed = SuppressedAddresses::new(world.clone(), world.clone(), world.clone());
    suppress(&world, "ada@example.com", Cause::Bounced);
    let (_, one) = world.suppressions.lock().unwrap()[0].clone();
    let many = (0..200_000_u32).map(|n| (IdentifierKey(Digest::sha256(&[&n.to_be_bytes()])), one.clone()));
    world.suppressions.lock().unwrap().extend(many);
    suppressed.poll().await.unwrap();
    suppressed.poll().await.unwrap();
    let key = |address: &str| EmailAddress::parse(address).unwrap().identity_key(&world.index());
    assert!(suppressed.holds_back(key("ada@example.com"), None).await.unwrap().is_some());
    assert!(suppressed.holds_back(key("bob@example.com"), None).await.unwrap().is_none());
    world.store_down.store(true, Ordering::SeqCst);
    assert!(suppressed.holds_back(key("bob@example.com"), None).await.is_err());
}
