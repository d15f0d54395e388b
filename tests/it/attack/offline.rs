//! A12, A15: what an attacker gets from the generator, the binary and a copy of the store, without asking the service.

use identity::adapters::system::SystemEntropy;
use identity::domain::challenge::{Code, Purpose, Scope};
use identity::domain::client::ClientId;
use identity::domain::contact::{Channel, EmailAddress};
use identity::domain::id::ChallengeId;
use identity::domain::secret::secret32;
use identity::ports::entropy::Entropy;

/// Codes are uniform over the whole space: Pearson's χ² over a thousand classes of a million draws.
#[test]
fn a12_codes_are_uniform() {
    const CLASSES: usize = 1000;
    const DRAWS: u32 = 1_000_000;
    let mut counts = vec![0_u32; CLASSES];
    let mut leading_zeros = 0_u32;
    for _ in 0..DRAWS {
        let code = Code::from_draw(SystemEntropy.below(1_000_000), 6);
        assert_eq!(code.digits().len(), 6);
        leading_zeros += u32::from(code.digits().starts_with('0'));
        counts[code.digits()[3..].parse::<usize>().unwrap()] += 1;
    }
    let expected = f64::from(DRAWS) / 1000.0;
    let chi_squared: f64 = counts.iter().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum();
    // 999 degrees of freedom: a fair generator exceeds 1,250 once in ten million runs.
    assert!(chi_squared < 1250.0, "χ² = {chi_squared}");
    assert!((97_000..103_000).contains(&leading_zeros), "{leading_zeros} begin with a zero");
}

/// There is no switch in the binary that makes codes known: what tests of other services set is not even a word in it.
#[test]
fn a12_the_binary_knows_no_fixed_code() {
    let binary = std::fs::read(env!("CARGO_BIN_EXE_identity")).unwrap();
    for word in ["TEST_CODE", "test_code", "static_code", "fixed_code", "debug_code", "magic_code", "master_code"] {
        assert!(!binary.windows(word.len()).any(|window| window == word.as_bytes()), "{word}");
    }
}

/// With every column of a challenge's row and the algorithm, but without the pepper's file, all codes look alike.
#[test]
fn a15_a_stolen_store_tells_no_code() {
    let pepper = secret32(SystemEntropy.bytes32());
    let index = secret32(SystemEntropy.bytes32());
    let scope = Scope {
        purpose: Purpose::SignIn,
        channel: Channel::Email,
        client_id: ClientId::new("default").unwrap(),
        identifier_key: EmailAddress::parse("ada@example.com").unwrap().identity_key(&index),
        challenge_id: ChallengeId::new(SystemEntropy.uuid()),
        salt: SystemEntropy.bytes16(),
    };
    let stored = scope.mac(&pepper, &Code::from_draw(271_828, 6));
    let mut salt_as_key = [0; 32];
    salt_as_key[..16].copy_from_slice(&scope.salt);
    for guess in [secret32([0; 32]), secret32(salt_as_key), secret32(*scope.identifier_key.0.bytes())] {
        let found = (0..333_334).find(|number| scope.mac(&guess, &Code::from_draw(*number, 6)) == stored);
        assert_eq!(found, None);
    }
    // The thief of the pepper as well finds it, of course: that is what the file is for.
    assert!(scope.mac(&pepper, &Code::from_draw(271_828, 6)) == stored);
}
