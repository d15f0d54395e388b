//! Which servers count.

use super::{
    super::tests::{SMALLEST, parse, refusal},
    *,
};

#[test]
fn one_redis_or_a_cluster() {
    let with = |redis: &str| SMALLEST.replace("[limiter.memory]", &format!("[limiter.redis]\n{redis}"));
    let told = |redis: &str| refusal(&with(redis));
    let config = parse(&with("cluster = true\nnodes = [\"one:6379\", \"[::1]:6380\"]\nreplicas = 7")).unwrap();
    let Limiter::Redis(redis) = &config.limiter else { panic!("{:?}", config.limiter) };
    let Servers::Cluster(nodes) = &redis.servers else { panic!("{:?}", redis.servers) };
    assert_eq!((nodes[0].host.as_str(), nodes[1].port, redis.replicas), ("one", 6380, 7));
    let config = parse(&with("address = \"one:6379\"")).unwrap();
    let Limiter::Redis(redis) = &config.limiter else { panic!("{:?}", config.limiter) };
    assert_eq!((redis.timeout, redis.replicas), (Duration::from_millis(50), 3));
    for (redis, expected) in [
        ("", "limiter.redis.address: is missing"),
        ("nodes = [\"one:6379\"]", "limiter.redis.nodes: has no effect without cluster = true"),
        ("cluster = true", "limiter.redis.nodes: names no node"),
        ("cluster = true\nnodes = []", "limiter.redis.nodes: names no node"),
        ("cluster = true\naddress = \"one:6379\"", "limiter.redis.address: is one server, and cluster = true"),
        ("cluster = \"yes\"", "limiter.redis.cluster: is not true or false"),
        ("address = \"one:6379\"\nreplicas = 0", "limiter.redis.replicas: is out of bounds"),
        (
            "cluster = true\nnodes = [\"127.0.0.1:1\", \"one:6379\"]\ntls = \"disable-on-loopback\"",
            "limiter.redis.tls: sends in clear to another machine",
        ),
    ] {
        assert!(told(redis).contains(expected), "{redis}: {}", told(redis));
    }
}
