//! Connections to one Redis.

use super::{
    fault::ConnectFault,
    link::{CONNECT_TIMEOUT, Source},
};
use async_trait::async_trait;
use deadpool_redis::{
    Manager, Pool, PoolConfig, Runtime, Timeouts,
    redis::{ConnectionInfo, RedisError, aio::MultiplexedConnection},
};

/// A pool of one, which makes and tests the connection.
pub(super) struct Node(Pool);

impl Node {
    pub(super) fn new(info: ConnectionInfo) -> Result<Self, RedisError> {
        let timeouts =
            Timeouts { wait: Some(CONNECT_TIMEOUT), create: Some(CONNECT_TIMEOUT), recycle: Some(CONNECT_TIMEOUT) };
        let pool = Pool::builder(Manager::new(info)?)
            .config(PoolConfig { max_size: 1, timeouts, ..PoolConfig::default() })
            .runtime(Runtime::Tokio1)
            .build();
        pool.map(Self).map_err(|error| RedisError::from(std::io::Error::other(error)))
    }
}

#[async_trait]
impl Source for Node {
    type Connection = MultiplexedConnection;

    async fn connect(&mut self) -> Result<MultiplexedConnection, ConnectFault> {
        // Taken from the pool again, a connection is tested, and made anew where it does not answer.
        let connection = self.0.get().await.map_err(|fault| ConnectFault(fault.into()))?;
        Ok(MultiplexedConnection::clone(&connection))
    }
}
