//! Twilio's dictionary of errors, as far as sending a text message meets it.

use crate::domain::message::Handover;

/// What one of Twilio's codes means for the message; `None` for one that is not known here, where the HTTP status tells.
pub(super) fn meaning(code: u32) -> Option<Handover> {
    Some(match code {
        // The number is none, is no mobile one, is blocked, or its owner has said STOP.
        21211 | 21214 | 21217 | 21604 | 21610 | 21614 | 21635 | 30003 | 30005 | 30006 => {
            Handover::Refused { reason: "RECIPIENT_REFUSED" }
        }
        // The text: missing, too long, filtered as forbidden.
        21602 | 21605 | 21617 | 21619 | 30007 => Handover::Refused { reason: "MESSAGE_REFUSED" },
        // The account may not, or this sender cannot, send there; another provider may.
        21408 | 21608 | 21612 | 21703 | 30004 | 30008 => Handover::Unserved { reason: "DESTINATION_NOT_SERVED" },
        20003 | 20005 | 20006 | 20008 | 20404 => Handover::Misconfigured { reason: "LOGIN_REFUSED" },
        21212
        | 21266
        | 21267
        | 21603
        | 21606
        | 21618
        | 21659..=21661
        | 21701
        | 21702
        | 21704
        | 21705
        | 30032
        | 30034 => Handover::Misconfigured { reason: "SENDER_REFUSED" },
        21609 | 21624 | 21626 => Handover::Misconfigured { reason: "SETTING_REFUSED" },
        // Too many at once, or a full queue.
        14107 | 20429 | 21611 | 30001 | 30022 | 63038 => Handover::Deferred { reason: "PROVIDER_BUSY" },
        20500 | 20503 | 30002 => Handover::Deferred { reason: "PROVIDER_FAILED" },
        20504 => Handover::Unanswered { reason: "ANSWER_LOST" },
        _ => return None,
    })
}
