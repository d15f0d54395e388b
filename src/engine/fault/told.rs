//! Which faults have been logged a moment ago. While the store is away every call meets the same one, and a line for each would fill
//! the disk of whoever collects them.

use std::{
    error::Error,
    mem,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// How long the same fault is not logged again.
const SILENCE: Duration = Duration::from_secs(1);

/// How many different faults are told apart.
const MOST: usize = 16;

/// What was logged last, the oldest first.
static TOLD: Mutex<Vec<Told>> = Mutex::new(Vec::new());

struct Told {
    text: String,
    at: Instant,
    untold: u64,
}

/// The text of a fault with its causes where it is to be logged now, and how often it came since it was.
pub(super) fn due(fault: &dyn Error) -> Option<(String, u64)> {
    let text = chain(fault);
    let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    due_of(&mut told, &text, Instant::now()).map(|untold| (text, untold))
}

fn due_of(told: &mut Vec<Told>, text: &str, now: Instant) -> Option<u64> {
    let place = told.iter().position(|known| known.text == text);
    let untold = match place.map(|place| &mut told[place]) {
        Some(known) if now < known.at + SILENCE => {
            known.untold += 1;
            return None;
        }
        Some(known) => mem::take(&mut known.untold),
        None => 0,
    };
    if let Some(forgotten) = place.or((told.len() >= MOST).then_some(0)) {
        told.remove(forgotten);
    }
    told.push(Told { text: text.to_owned(), at: now, untold: 0 });
    Some(untold)
}

fn chain(fault: &dyn Error) -> String {
    let mut text = fault.to_string();
    let mut source = fault.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_is_told_once_a_second_with_how_often_it_came() {
        let (mut told, start) = (Vec::new(), Instant::now());
        let mut due = |text: &str, millis| due_of(&mut told, text, start + Duration::from_millis(millis));
        assert_eq!((due("away", 0), due("away", 1), due("full", 2), due("away", 999)), (Some(0), None, Some(0), None));
        assert_eq!((due("away", 1000), due("away", 1999), due("away", 2000)), (Some(2), None, Some(1)));
        for number in 0..3 * MOST {
            assert_eq!(due(&number.to_string(), 2001), Some(0));
        }
        assert_eq!(due("47", 2002), None);
        assert_eq!(due("away", 2002), Some(0), "the oldest make room");
        assert_eq!(told.len(), MOST);
    }
}
