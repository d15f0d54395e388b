//! Randomness of the operating system.

use uuid::Uuid;

/// Gives randomness fit for keys and codes.
pub trait Entropy: Send + Sync {
    /// 32 random bytes.
    fn bytes32(&self) -> [u8; 32];

    /// A number drawn uniformly from `0..bound`, without modulo bias; `bound` is at least 1.
    fn below(&self, bound: u64) -> u64;

    /// A UUID of version 7 (RFC 9562): time-ordered, 74 bits of randomness.
    fn uuid(&self) -> Uuid;

    /// 16 random bytes.
    fn bytes16(&self) -> [u8; 16] {
        let mut out = [0; 16];
        out.copy_from_slice(&self.bytes32()[..16]);
        out
    }

    /// A random nonce of 96 bits for AES-GCM.
    fn nonce(&self) -> [u8; 12] {
        let mut out = [0; 12];
        out.copy_from_slice(&self.bytes32()[..12]);
        out
    }
}
