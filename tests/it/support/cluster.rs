//! A Redis Cluster of one test: three primaries on the loopback, nothing on disk but who they are, and a replica of one
//! where a test asks for it.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use deadpool_redis::redis::cluster::ClusterClient;
use deadpool_redis::redis::{self, FromRedisValue, Value};

use super::certificates;
use super::port::Port;
use super::redis::Redis;
use super::wait;

const NODES: usize = 3;

fn node(bus: &Port) -> Redis {
    node_with(bus, &[])
}

fn node_with(bus: &Port, more: &[&str]) -> Redis {
    let bus = bus.number().to_string();
    // A node that a busy machine keeps waiting is not away: one that is, is noticed in three seconds.
    let words = ["--cluster-enabled", "yes", "--cluster-port", &bus, "--cluster-node-timeout", "3000"];
    Redis::start_with(words.iter().chain(more).map(|word| (*word).to_owned()).collect())
}

/// A node that speaks TLS, on its bus and on a port of its own, and shows the certificate of this run.
fn node_over_tls(bus: &Port, port: &Port) -> Redis {
    let certificate = certificates::localhost();
    let file = |path: &Path| path.to_str().unwrap().to_owned();
    let (chain, key, authority) = (file(&certificate.chain), file(&certificate.key), file(&certificate.authority));
    let port = port.number().to_string();
    let files = ["--tls-cert-file", &chain, "--tls-key-file", &key, "--tls-ca-cert-file", &authority];
    let words = ["--tls-cluster", "yes", "--tls-auth-clients", "no", "--tls-port", &port];
    node_with(bus, &[files, words].concat())
}

/// What a node says in words: the answer, or the first of it.
fn text(node: &Redis, words: &[&str]) -> String {
    match node.command(words) {
        Value::Array(mut parts) => String::from_redis_value(parts.swap_remove(0)).unwrap(),
        answer => String::from_redis_value(answer).unwrap(),
    }
}

/// A running Cluster.
pub(crate) struct Cluster {
    nodes: Vec<Redis>,
    buses: Vec<Port>,
    /// Of each node, where it speaks TLS; none where it does not.
    over_tls: Vec<Port>,
}

impl Cluster {
    /// Starts three nodes and shares the slots out among them, in some three seconds.
    pub(crate) fn start() -> Self {
        let buses: Vec<Port> = (0..NODES).map(|_| Port::free()).collect();
        let nodes = buses.iter().map(node).collect();
        Self::of(nodes, buses, Vec::new())
    }

    /// The same, of nodes that speak TLS with one another, and with whoever asks for it.
    pub(crate) fn start_over_tls() -> Self {
        let buses: Vec<Port> = (0..NODES).map(|_| Port::free()).collect();
        let over_tls: Vec<Port> = (0..NODES).map(|_| Port::free()).collect();
        let nodes = buses.iter().zip(&over_tls).map(|(bus, port)| node_over_tls(bus, port)).collect();
        Self::of(nodes, buses, over_tls)
    }

    fn of(nodes: Vec<Redis>, buses: Vec<Port>, over_tls: Vec<Port>) -> Self {
        let addresses = nodes.iter().map(|node| format!("127.0.0.1:{}", node.port()));
        let mut create = Command::new("redis-cli");
        create.args(["--cluster", "create"]).args(addresses).args(["--cluster-replicas", "0", "--cluster-yes"]);
        let output = create.output().expect("cannot start redis-cli; `make tools` installs what is missing");
        assert!(output.status.success(), "redis-cli: {}", String::from_utf8_lossy(&output.stdout));
        let cluster = Self { nodes, buses, over_tls };
        cluster.wait_until_whole();
        cluster
    }

    /// Starts one more node, a replica of the nth, and waits until it follows. Gives its number.
    pub(crate) fn replicate(&mut self, nth: usize) -> usize {
        let bus = Port::free();
        let replica = node(&bus);
        let (primary, bus_of_primary) = (self.nodes[nth].port().to_string(), self.buses[nth].number().to_string());
        let primary_id = text(&self.nodes[nth], &["CLUSTER", "MYID"]);
        replica.command(&["CLUSTER", "MEET", "127.0.0.1", &primary, &bus_of_primary]);
        wait::until_blocking("the replica knows its primary", Duration::from_secs(20), || {
            text(&replica, &["CLUSTER", "NODES"]).contains(&primary_id).then_some(())
        });
        replica.command(&["CLUSTER", "REPLICATE", &primary_id]);
        wait::until_blocking("the replica follows", Duration::from_secs(20), || {
            text(&replica, &["INFO", "replication"]).contains("master_link_status:up").then_some(())
        });
        self.nodes.push(replica);
        self.buses.push(bus);
        self.nodes.len() - 1
    }

    /// Makes a replica the primary in the place of its own, at once and without asking it.
    pub(crate) fn promote(&self, nth: usize) {
        self.nodes[nth].command(&["CLUSTER", "FAILOVER", "TAKEOVER"]);
        wait::until_blocking("the replica is a primary", Duration::from_secs(20), || {
            text(&self.nodes[nth], &["ROLE"]).starts_with("master").then_some(())
        });
    }

    /// Waits until every node says that all slots are served.
    pub(crate) fn wait_until_whole(&self) {
        wait::until_blocking("the cluster is whole", Duration::from_secs(20), || {
            let whole = |node: &Redis| String::from_redis_value(node.command(&["CLUSTER", "INFO"]));
            self.nodes.iter().all(|node| whole(node).is_ok_and(|text| text.contains("cluster_state:ok"))).then_some(())
        });
    }

    /// Each node's host and port.
    pub(crate) fn addresses(&self) -> Vec<(String, u16)> {
        self.nodes.iter().map(|node| ("127.0.0.1".to_owned(), node.port())).collect()
    }

    /// Each node's host and port for TLS.
    pub(crate) fn addresses_over_tls(&self) -> Vec<(String, u16)> {
        self.over_tls.iter().map(|port| ("127.0.0.1".to_owned(), port.number())).collect()
    }

    /// One node.
    pub(crate) fn node(&mut self, nth: usize) -> &mut Redis {
        &mut self.nodes[nth]
    }

    /// Runs one command on the node that its key belongs to.
    pub(crate) fn command(&self, words: &[&str]) -> Value {
        let urls = self.nodes.iter().map(Redis::url);
        let mut connection = ClusterClient::new(urls).unwrap().get_connection().unwrap();
        let mut command = redis::Cmd::new();
        for word in words {
            command.arg(word);
        }
        command.query(&mut connection).unwrap()
    }

    /// Runs one command on every node.
    pub(crate) fn everywhere(&self, words: &[&str]) {
        for node in &self.nodes {
            node.command(words);
        }
    }

    /// Which node holds a key.
    pub(crate) fn node_of(&self, key: &str) -> usize {
        let slot = i64::from_redis_value(self.nodes[0].command(&["CLUSTER", "KEYSLOT", key])).unwrap();
        // `--cluster create` gives equal ranges in the order of the nodes.
        usize::try_from(slot).unwrap() * NODES / 16_384
    }

    /// How many keys all nodes hold together, those that tell when a memory began aside.
    pub(crate) fn keys(&self) -> usize {
        let keys = |node: &Redis| Vec::<String>::from_redis_value(node.command(&["KEYS", "*"])).unwrap();
        self.nodes.iter().flat_map(keys).filter(|key| !key.contains("{beginning")).count()
    }
}
