//! A link is sent for the same proof as a code.

use identity::grpc::proto::SendMagicLinkRequest;

use super::proof::{always, assert_does_not_hold, challenge_of, solve};
use crate::both_stores::bodies_on_both_stores;
use crate::support::client::send_link_request;
use crate::support::refusal::Refusal;
use crate::support::world::{Store, World};

const EMAIL: &str = "link@example.org";

async fn no_link_is_sent_without_a_proof(store: Store) {
    let world = World::with(store, always).await;
    let client = world.server.client().await;
    let ask = async |proof: &str| -> Result<_, Refusal> {
        let request = SendMagicLinkRequest { proof: proof.to_owned(), ..send_link_request(EMAIL) };
        Ok(client.identity().send_magic_link(request).await?.into_inner().challenge.unwrap())
    };
    let refusal = ask("").await.unwrap_err();
    let proof = solve(&challenge_of(&refusal), refusal.metadata["difficulty"].parse().unwrap());
    // The number by itself says nothing of what it solves.
    let (_, number) = proof.rsplit_once('.').unwrap();
    assert_does_not_hold(ask(number).await);
    assert_eq!(world.server.mailbox().all().len(), 0);
    ask(&proof).await.unwrap();
    world.server.mailbox().wait_for(EMAIL, 1).await;
    assert_does_not_hold(ask(&proof).await);
}

bodies_on_both_stores!(no_link_is_sent_without_a_proof);
