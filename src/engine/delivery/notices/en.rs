//! English.

use super::Catalogue;

// One sentence a line, to be read side by side with the other languages.
#[rustfmt::skip]
pub(super) const ENGLISH: Catalogue = Catalogue {
    tag: "en",
    minute: "%-d %B %Y, %H:%M UTC",
    sentences: &[
        ("noticed", "It was noticed at {time}."),
        ("noticed.from", "It was noticed at {time}, from the network address {address}."),
        ("identifier_locked.subject", "Security notice: too many wrong sign-in codes"),
        ("identifier_locked.title", "Too many wrong sign-in codes"),
        ("identifier_locked.preview", "Sign-in from unknown devices is paused, to protect your account."),
        ("identifier_locked.what", "Somebody entered too many wrong codes for this address, so sign-in from unknown devices is paused."),
        ("identifier_locked.what.until", "Somebody entered too many wrong codes for this address, so sign-in from unknown devices is paused until {until}."),
        ("identifier_locked.do", "You can still sign in on a device that you have used before. That also ends the pause; else contact support. If it was not you, there is nothing to do: no wrong code lets anybody in."),
        ("identifier_locked.do.until", "You can still sign in on a device that you have used before. If it was not you, there is nothing to do: no wrong code lets anybody in."),
        ("refresh_token_reused.subject", "Security notice: you have been signed out on a device"),
        ("refresh_token_reused.subject.everywhere", "Security notice: you have been signed out everywhere"),
        ("refresh_token_reused.title", "You have been signed out on a device"),
        ("refresh_token_reused.title.everywhere", "You have been signed out everywhere"),
        ("refresh_token_reused.preview", "You have been signed out on one of your devices, to protect your account."),
        ("refresh_token_reused.preview.everywhere", "You have been signed out on all of your devices, to protect your account."),
        ("refresh_token_reused.what", "This is to protect your account. An old proof of your sign-in was used a second time. That happens when someone has copied it from one of your devices, and sometimes when an app went wrong. The sign-in that it belongs to has been ended."),
        ("refresh_token_reused.what.everywhere", "This is to protect your account. An old proof of your sign-in was used a second time. That happens when someone has copied it from one of your devices, and sometimes when an app went wrong."),
        ("refresh_token_reused.do", "Sign in again to go on. If you do not recognise this, check your devices for programs that you did not install."),
        ("device_mismatch.subject", "Security notice: you have been signed out on a device"),
        ("device_mismatch.subject.everywhere", "Security notice: you have been signed out everywhere"),
        ("device_mismatch.title", "You have been signed out on a device"),
        ("device_mismatch.title.everywhere", "You have been signed out everywhere"),
        ("device_mismatch.preview", "You have been signed out on one of your devices, to protect your account."),
        ("device_mismatch.preview.everywhere", "You have been signed out on all of your devices, to protect your account."),
        ("device_mismatch.what", "This is to protect your account. The proof of your sign-in on one device was used by another. That happens when someone has copied it, and sometimes when an app was moved to a new device. The sign-in that it belongs to has been ended."),
        ("device_mismatch.what.everywhere", "This is to protect your account. The proof of your sign-in on one device was used by another. That happens when someone has copied it, and sometimes when an app was moved to a new device."),
        ("device_mismatch.do", "Sign in again to go on. If you do not recognise this, check your devices for programs that you did not install."),
        ("new_device.subject", "Security notice: new sign-in to your account"),
        ("new_device.title", "New sign-in to your account"),
        ("new_device.preview", "Somebody signed in with a code from this mailbox, on a device that we do not know."),
        ("new_device.short", "Somebody signed in with a code sent to this number, on a device that we do not know."),
        ("new_device.what", "Somebody signed in to your account with a code from this mailbox, on a device that we do not know."),
        ("new_device.what.everywhere", "Somebody signed in to your account with a code from this mailbox, on a device that we do not know. All other devices have been signed out."),
        ("new_device.do", "If it was you, there is nothing to do. If not, someone else can read your mail: secure your mailbox first, then sign in and sign out everywhere."),
    ],
};
