use super::*;

const DOCUMENTATION: &str = include_str!("../../../../docs/proof-of-work.md");

fn key() -> WorkKey {
    WorkKey::derive(&secret32([7; 32]))
}

fn identifier(name: &str) -> IdentifierKey {
    IdentifierKey(Digest::sha256(&[name.as_bytes()]))
}

fn client(name: &str) -> ClientId {
    ClientId::new(name).unwrap()
}

fn solve(challenge: &str, bits: u32) -> String {
    (0..u64::MAX).map(|count| format!("{challenge}.{count}")).find(|proof| zero_bits(proof) >= bits).unwrap()
}

/// A challenge, solved, with how far it may be bent.
struct Solved {
    client: ClientId,
    challenge: String,
    proof: String,
    now: Timestamp,
}

impl Solved {
    fn new() -> Self {
        let (client, now) = (client("shop"), Timestamp::from_micros(1_700_000_000_900_000));
        let subject = Subject { identifier: identifier("ada"), client: &client };
        let challenge = challenge(&key(), subject, Difficulty::new(8).unwrap(), [9; 16], now);
        let proof = solve(&challenge, 8);
        Self { client, challenge, proof, now }
    }

    fn check(&self, proof: &str, now: Timestamp) -> Result<Digest, NotProven> {
        check(&key(), Subject { identifier: identifier("ada"), client: &self.client }, proof, now)
    }
}

#[test]
fn a_solution_holds_until_its_challenge_expires() {
    let solved = Solved::new();
    let named = solved.check(&solved.proof, solved.now).unwrap();
    let expiry = Timestamp::from_seconds(1_700_000_120);
    let last = Timestamp::from_micros(expiry.micros() - 1);
    assert_eq!(solved.check(&solved.proof, last), Ok(named));
    assert_eq!(solved.check(&solved.proof, expiry), Err(NotProven::Expired));
}

#[test]
fn every_solution_of_a_challenge_names_the_same() {
    let solved = Solved::new();
    let (_, first) = solved.proof.rsplit_once('.').unwrap();
    let first: u64 = first.parse().unwrap();
    let another =
        (first + 1..u64::MAX).map(|count| format!("{}.{count}", solved.challenge)).find(|text| zero_bits(text) >= 8);
    let named = solved.check(&another.unwrap(), solved.now);
    assert!(named.is_ok());
    assert_eq!(named, solved.check(&solved.proof, solved.now));
}

#[test]
fn it_holds_for_nobody_else() {
    let Solved { client: shop, proof, now, .. } = Solved::new();
    let other = client("bank");
    let key = key();
    let of = |identifier, client| check(&key, Subject { identifier, client }, &proof, now);
    assert_eq!(of(identifier("eve"), &shop), Err(NotProven::Foreign));
    assert_eq!(of(identifier("ada"), &other), Err(NotProven::Foreign));
    let subject = Subject { identifier: identifier("ada"), client: &shop };
    assert_eq!(check(&WorkKey::derive(&secret32([8; 32])), subject, &proof, now), Err(NotProven::Foreign));
}

#[test]
fn nothing_of_a_challenge_can_be_changed() {
    let solved = Solved::new();
    let fields: Vec<&str> = solved.proof.split('.').collect();
    let [_, _, expiry, nonce, mac, counter] = fields[..] else { panic!("{}", solved.proof) };
    let easier = solve(&format!("pow1.1.{expiry}.{nonce}.{mac}"), 1);
    let later = solve(&format!("pow1.8.9999999999.{nonce}.{mac}"), 8);
    let renamed = solve(&format!("pow1.8.{expiry}.{}.{mac}", "A".repeat(22)), 8);
    for forged in [easier, later, renamed] {
        assert_eq!(solved.check(&forged, solved.now), Err(NotProven::Foreign), "{forged}");
    }
    for count in ["", "-1", "+1", "01", "1e3", " 1", "18446744073709551616", "x", "１"] {
        let proof = format!("{}.{count}", solved.challenge);
        assert_eq!(solved.check(&proof, solved.now), Err(NotProven::Malformed), "{count}");
    }
    for bad in ["", "pow1.", "pow1.8.1.x", &solved.challenge, "pow2.8.1.a.b.1", &format!("{}.1", solved.proof)] {
        assert_eq!(solved.check(bad, solved.now), Err(NotProven::Malformed), "{bad}");
    }
    assert_eq!(
        solved.check(&format!("pow1.8.{expiry}.{nonce}.{mac}=.{counter}"), solved.now),
        Err(NotProven::Malformed)
    );
}

#[test]
fn too_little_work_is_not_enough() {
    let solved = Solved::new();
    let lazy = (0..u64::MAX).map(|count| format!("{}.{count}", solved.challenge)).find(|text| zero_bits(text) == 7);
    assert_eq!(solved.check(&lazy.unwrap(), solved.now), Err(NotProven::TooLittle));
}

#[test]
fn the_vectors_of_the_documentation_hold() {
    let mut rows = 0;
    for line in DOCUMENTATION.lines().filter_map(|line| line.strip_prefix("| `pow1.")) {
        let cells: Vec<&str> =
            line.trim_end_matches('|').split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        let [challenge, counter, hash, bits] = cells[..] else { panic!("{line}") };
        let (challenge, bits) = (format!("pow1.{challenge}"), bits.parse().unwrap());
        let first = solve(&challenge, bits);
        assert_eq!(first, format!("{challenge}.{counter}"), "the first number that solves it");
        let told = digest::digest(&digest::SHA256, first.as_bytes()).as_ref().try_into().unwrap();
        assert_eq!(Digest::from_bytes(told).hex(), hash);
        assert!(zero_bits(&first) >= bits);
        rows += 1;
    }
    assert!(rows >= 3, "{rows} vectors");
}

#[test]
fn bits_are_counted_from_the_left() {
    // SHA-256 of these begins with 0xba, 0x0b… and 0x00….
    assert_eq!(zero_bits("abc"), 0);
    assert!((0..10_000).map(|count| zero_bits(&count.to_string())).any(|bits| bits >= 12));
}

#[test]
fn a_difficulty_keeps_its_bounds() {
    assert_eq!((Difficulty::new(7), Difficulty::new(29)), (None, None));
    assert_eq!(Difficulty::new(28).map(Difficulty::bits), Some(28));
}
