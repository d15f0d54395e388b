//! A59: what links carry, in the sinks that the other secrets are searched for in.

use identity::grpc::proto::{LinkCompletion, SendMagicLinkRequest, WatchChallengeRequest};
use prost::Message;

use super::{Canaries, DEVICE};
use crate::support::client::send_link_request;
use crate::support::world::World;

const EMAIL: &str = "canary-link-3b7d@birds.example";

/// Calls every method of magic links, rightly and wrongly.
pub(super) async fn call(world: &World, canaries: &mut Canaries, answers: &mut Vec<(&'static str, Vec<u8>)>) {
    let client = world.server.client().await;
    canaries.plant("email", EMAIL);
    let request = |completion: LinkCompletion| SendMagicLinkRequest {
        link_completion: completion.into(),
        device: Some(super::Device { device_id: DEVICE.to_owned(), ..super::Device::default() }),
        ..send_link_request(EMAIL)
    };
    let mut sent = Vec::new();
    for completion in [LinkCompletion::OpeningDevice, LinkCompletion::AskingDevice, LinkCompletion::OpeningDevice] {
        let ask = async || client.identity().send_magic_link(request(completion)).await.unwrap().into_inner();
        let (answer, token) = world.server.link_of(EMAIL, ask).await;
        let challenge = answer.challenge.clone().unwrap();
        canaries.plant("link", &token);
        // The half of it that is no challenge's id, which stands in many places.
        canaries.plant("link", &token[22..]);
        canaries.plant("binding_secret", &challenge.binding_secret);
        answers.push(("SendOtp", answer.encode_to_vec()));
        sent.push((challenge, token));
    }
    for (_, token) in &sent {
        answers.push(("InspectMagicLink", client.inspect(token).await.unwrap().encode_to_vec()));
    }
    let redeemed = client.redeem(&sent[0].1).await.unwrap();
    let tokens = redeemed.tokens.clone().unwrap();
    canaries.plant("access_token", &tokens.access_token);
    canaries.plant("refresh_token", &tokens.refresh_token);
    canaries.plant("device_token", &redeemed.device_token);
    answers.push(("VerifyOtp", redeemed.encode_to_vec()));
    let (challenge, token) = &sent[1];
    let watched = WatchChallengeRequest {
        challenge_id: challenge.challenge_id.clone(),
        binding_secret: challenge.binding_secret.clone(),
    };
    let mut changes = client.identity().watch_challenge(watched).await.unwrap().into_inner();
    answers.push(("WatchChallenge", changes.message().await.unwrap().unwrap().encode_to_vec()));
    answers.push(("RedeemMagicLink", client.approve(token, &challenge.match_number).await.unwrap().encode_to_vec()));
    let collected = client.collect(challenge).await.unwrap();
    canaries.plant("access_token", &collected.tokens.clone().unwrap().access_token);
    canaries.plant("refresh_token", &collected.tokens.clone().unwrap().refresh_token);
    answers.push(("VerifyOtp", collected.encode_to_vec()));
    client.reject(&sent[2].1, false).await.unwrap();
    let mixed = format!("{}{}", &sent[2].1[..22], &sent[0].1[22..]);
    for refusal in [
        client.redeem(token).await.unwrap_err(),
        client.redeem(&mixed).await.unwrap_err(),
        client.inspect(token).await.unwrap_err(),
        client.reject(token, true).await.unwrap_err(),
        client.collect(challenge).await.unwrap_err(),
    ] {
        answers.push(("a refusal", format!("{:?}", refusal.status).into_bytes()));
    }
}
