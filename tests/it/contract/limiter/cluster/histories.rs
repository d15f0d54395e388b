//! Random histories on the Cluster. Each node has its own clock: the time of an admitted request is read back from each
//! layer's log, and by it each layer must have said what the law says.

use std::collections::HashMap;
use std::time::Duration;

use identity::domain::time::Timestamp;
use identity::domain::window;
use identity::ports::limiter::{Admission, Layer, LayerKind, Limiter};
use rand::RngExt as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::super::{layer, window as limit};
use super::{log_of, shared};
use crate::support::cluster::Cluster;

fn layers(person: u8, place: u8) -> Vec<Layer> {
    let unit = Duration::from_millis(10);
    // It refuses nobody, and keeps a log until it is read.
    let keeping = limit(10_000, Duration::from_hours(1));
    vec![
        layer(LayerKind::Identifier, &format!("person {person}"), &[limit(3, unit * 5), limit(8, unit * 40), keeping]),
        layer(LayerKind::Address, &format!("place {place}"), &[limit(6, unit * 5), keeping]),
        layer(LayerKind::All, "all", &[limit(12, unit * 10), keeping]),
    ]
}

#[tokio::test]
async fn each_layer_says_what_the_law_says() {
    let cluster = Cluster::start();
    let limiter = shared(&cluster);
    let mut model: HashMap<(LayerKind, [u8; 32]), Vec<Timestamp>> = HashMap::new();
    let mut random = StdRng::seed_from_u64(8);
    let (mut admitted, mut refused) = (0, 0);
    for _ in 0..150 {
        tokio::time::sleep(Duration::from_millis(random.random_range(0..6))).await;
        let layers = layers(random.random_range(0..3), random.random_range(0..2));
        let answer = limiter.admit(&layers).await.unwrap();
        for (nth, layer) in layers.iter().enumerate() {
            let known = model.entry((layer.kind, *layer.key.bytes())).or_default();
            let kept = log_of(&cluster, layer);
            match &answer {
                Admission::Admitted(decisions) => {
                    let now = *kept.last().unwrap();
                    let decision = window::decide(&layer.windows, known, now);
                    assert_eq!((decision.retry_after, decision), (None, decisions[nth]), "{:?}", layer.kind);
                    known.push(now);
                    admitted += usize::from(nth == 0);
                }
                Admission::Refused { kind, standing, retry_after } if *kind == layer.kind => {
                    let window = layer.windows.iter().find(|window| window.limit == standing.limit).unwrap();
                    let now = known[known.len() - window.limit as usize].after(window.span).before(*retry_after);
                    let decision = window::decide(&layer.windows, known, now);
                    assert_eq!((decision.retry_after, decision.standing), (Some(*retry_after), *standing));
                    refused += 1;
                }
                Admission::Refused { .. } => {}
            }
            assert_eq!(&kept, known, "{:?} holds what was admitted, and nothing of what was refused", layer.kind);
        }
    }
    assert!(admitted > 30 && refused > 30, "{admitted} admitted and {refused} refused show too little");
}
