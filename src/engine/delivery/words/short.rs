//! Text messages: the parts that they are sent and paid in, and what of their origin finds room in those.

use super::moment;
use crate::domain::network::AddressBucket;

/// How much a text message tells of its origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine::delivery) enum Origin {
    /// When it was asked for, or what it tells was noticed, and from which network.
    WhenAndWhere,
    /// When it was.
    When,
    /// Nothing.
    Untold,
}

impl Origin {
    /// Every one, the one that tells most first.
    pub(in crate::engine::delivery) const ALL: [Self; 3] = [Self::WhenAndWhere, Self::When, Self::Untold];

    /// The minute of `micros` since the Unix epoch, without its day, and the network of an address, each as far as it is
    /// told; a network is empty also where the address is unknown.
    pub(in crate::engine::delivery) fn told(self, micros: i64, address: &str) -> (String, String) {
        let time = if self == Self::Untold { String::new() } else { moment::minute(micros, "%H:%M UTC") };
        let network = if self == Self::WhenAndWhere { network(address) } else { String::new() };
        (time, network)
    }
}

/// A text message in each of its forms, in the order of [`Origin::ALL`].
pub(in crate::engine::delivery) type Forms = [String; Origin::ALL.len()];

/// The neighbourhood of an address in a form that no phone makes a link of; empty where the address is unknown.
fn network(address: &str) -> String {
    address.parse().map(|address| AddressBucket::of(address).masked_unlinked()).unwrap_or_default()
}

/// Of the forms of a text message the first that takes no more parts than the one without its origin.
pub(super) fn that_fits(forms: Forms) -> String {
    let room = forms.last().map_or(usize::MAX, |untold| parts(untold));
    forms.into_iter().find(|form| parts(form) <= room).unwrap_or_default()
}

/// The default alphabet of GSM 03.38, whose characters take 7 bits each.
pub(super) const GSM_7: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ\
                                ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";

/// Its extension, whose characters take 14 bits each.
pub(super) const GSM_7_TWICE: &str = "^{}\\[~]|€\u{c}";

/// How many parts a text is sent in: 160 units of 7 bits in one or 153 in each of several, where every character is in the
/// alphabet of GSM 03.38 or its extension; else 70 units of UCS-2 in one or 67 in each of several. A character is not cut
/// in two.
pub(super) fn parts(text: &str) -> usize {
    let seven_bits = |c: char| match c {
        c if GSM_7.contains(c) => Some(1),
        c if GSM_7_TWICE.contains(c) => Some(2),
        _ => None,
    };
    let (units, alone, each): (Vec<usize>, _, _) = match text.chars().map(seven_bits).collect() {
        Some(units) => (units, 160, 153),
        None => (text.chars().map(char::len_utf16).collect(), 70, 67),
    };
    if units.iter().sum::<usize>() <= alone {
        return 1;
    }
    let (parts, _) =
        units.into_iter().fold(
            (1, 0),
            |(parts, used), units| {
                if used + units > each { (parts + 1, units) } else { (parts, used + units) }
            },
        );
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_counted_as_they_are_paid() {
        let (letter, twice, japanese, pair) = ("a", "€", "あ", "\u{1f600}");
        for (unit, count, wanted) in [
            (letter, 0, 1),
            (letter, 160, 1),
            (letter, 161, 2),
            (letter, 306, 2),
            (letter, 307, 3),
            (twice, 80, 1),
            (twice, 81, 2),
            // 76 to a part, as half of one has no room in it.
            (twice, 152, 2),
            (twice, 153, 3),
            (japanese, 70, 1),
            (japanese, 71, 2),
            (japanese, 134, 2),
            (japanese, 135, 3),
            (pair, 35, 1),
            (pair, 36, 2),
            (pair, 66, 2),
            (pair, 67, 3),
        ] {
            assert_eq!(parts(&unit.repeat(count)), wanted, "{count} of {unit}");
        }
        assert_eq!(parts(&format!("{}í", "a".repeat(69))), 1);
        assert_eq!(parts(&format!("{}í", "a".repeat(70))), 2, "one letter makes all of them wide");
    }

    #[test]
    fn what_takes_no_further_part_is_told() {
        let forms = |lengths: [usize; 3]| lengths.map(|length| "a".repeat(length));
        for (lengths, told) in [
            ([160, 150, 100], 160),
            ([161, 160, 100], 160),
            ([165, 161, 160], 160),
            ([306, 290, 161], 306),
            ([307, 306, 161], 306),
            ([0, 0, 0], 0),
        ] {
            assert_eq!(that_fits(forms(lengths)).len(), told, "{lengths:?}");
        }
    }
}
