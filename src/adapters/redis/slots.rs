//! The slots of a Redis Cluster, in parts of neighbours, which lie on one node but for those at a border.

/// Slots of a Cluster.
const SLOTS: usize = 16_384;

/// Parts of equal size.
const PARTS: usize = 64;

/// The part that a key lies in. The key has a hash tag: what stands between its first `{` and the next `}`.
pub(super) fn part_of(key: &str) -> usize {
    let tag = key.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map_or(key, |(tag, _)| tag);
    usize::from(crc16(tag.as_bytes())) % SLOTS / (SLOTS / PARTS)
}

/// A key in each part, in their order: `prefix`, which opens a hash tag, a number, and the tag's end.
pub(super) fn key_in_each_part(prefix: &str) -> Vec<String> {
    let mut keys = vec![String::new(); PARTS];
    let mut found = 0;
    // Each part is found after some hundreds of numbers.
    for number in 0_u32.. {
        let key = format!("{prefix}{number}}}");
        let place = &mut keys[part_of(&key)];
        if place.is_empty() {
            *place = key;
            found += 1;
        }
        if found == PARTS {
            break;
        }
    }
    keys
}

/// CRC-16/XMODEM, as the Cluster specification has it.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(
            crc ^ (u16::from(*byte) << 8),
            |crc, _| if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 },
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_as_redis_does() {
        assert_eq!(crc16(b"123456789"), 0x31c3);
        assert_eq!(part_of("a{foo}b"), part_of("foo"));
        // CLUSTER KEYSLOT foo is 12182.
        assert_eq!(part_of("foo"), 12_182 / 256);
    }

    #[test]
    fn each_part_has_its_key() {
        let keys = key_in_each_part("identity:limit:{beginning:");
        assert_eq!(keys.len(), PARTS);
        assert!(keys.iter().enumerate().all(|(part, key)| part_of(key) == part));
    }
}
