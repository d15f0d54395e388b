//! French.

use super::Catalogue;

// One sentence a line, to be read side by side with the other languages.
#[rustfmt::skip]
pub(super) const FRENCH: Catalogue = Catalogue {
    tag: "fr",
    minute: "%d/%m/%Y, %H:%M UTC",
    sentences: &[
        ("noticed", "Constaté le {time}."),
        ("noticed.from", "Constaté le {time}, depuis l’adresse réseau {address}."),
        ("identifier_locked.subject", "Avis de sécurité : trop de codes de connexion erronés"),
        ("identifier_locked.title", "Trop de codes de connexion erronés"),
        ("identifier_locked.preview", "La connexion depuis des appareils inconnus est suspendue afin de protéger votre compte."),
        ("identifier_locked.what", "Quelqu’un a saisi trop de codes erronés pour cette adresse. La connexion depuis des appareils inconnus est donc suspendue."),
        ("identifier_locked.what.until", "Quelqu’un a saisi trop de codes erronés pour cette adresse. La connexion depuis des appareils inconnus est donc suspendue jusqu’au {until}."),
        ("identifier_locked.do", "Vous pouvez toujours vous connecter sur un appareil que vous avez déjà utilisé. Cela met aussi fin à la suspension ; sinon, contactez l’assistance. Si ce n’était pas vous, vous n’avez rien à faire : un code erroné ne laisse entrer personne."),
        ("identifier_locked.do.until", "Vous pouvez toujours vous connecter sur un appareil que vous avez déjà utilisé. Si ce n’était pas vous, vous n’avez rien à faire : un code erroné ne laisse entrer personne."),
        ("refresh_token_reused.subject", "Avis de sécurité : vous avez été déconnecté d’un appareil"),
        ("refresh_token_reused.subject.everywhere", "Avis de sécurité : vous avez été déconnecté partout"),
        ("refresh_token_reused.title", "Vous avez été déconnecté d’un appareil"),
        ("refresh_token_reused.title.everywhere", "Vous avez été déconnecté partout"),
        ("refresh_token_reused.preview", "Vous avez été déconnecté de l’un de vos appareils afin de protéger votre compte."),
        ("refresh_token_reused.preview.everywhere", "Vous avez été déconnecté de tous vos appareils afin de protéger votre compte."),
        ("refresh_token_reused.what", "Cela protège votre compte. Une ancienne preuve de votre connexion a été utilisée une seconde fois. Cela arrive quand quelqu’un l’a copiée depuis l’un de vos appareils, et parfois quand une application s’est trompée. La connexion concernée a été fermée."),
        ("refresh_token_reused.what.everywhere", "Cela protège votre compte. Une ancienne preuve de votre connexion a été utilisée une seconde fois. Cela arrive quand quelqu’un l’a copiée depuis l’un de vos appareils, et parfois quand une application s’est trompée."),
        ("refresh_token_reused.do", "Reconnectez-vous pour continuer. Si cela ne vous dit rien, vérifiez sur vos appareils qu’aucun programme n’a été installé à votre insu."),
        ("device_mismatch.subject", "Avis de sécurité : vous avez été déconnecté d’un appareil"),
        ("device_mismatch.subject.everywhere", "Avis de sécurité : vous avez été déconnecté partout"),
        ("device_mismatch.title", "Vous avez été déconnecté d’un appareil"),
        ("device_mismatch.title.everywhere", "Vous avez été déconnecté partout"),
        ("device_mismatch.preview", "Vous avez été déconnecté de l’un de vos appareils afin de protéger votre compte."),
        ("device_mismatch.preview.everywhere", "Vous avez été déconnecté de tous vos appareils afin de protéger votre compte."),
        ("device_mismatch.what", "Cela protège votre compte. La preuve de votre connexion sur un appareil a été utilisée par un autre. Cela arrive quand quelqu’un l’a copiée, et parfois quand une application a été transférée sur un nouvel appareil. La connexion concernée a été fermée."),
        ("device_mismatch.what.everywhere", "Cela protège votre compte. La preuve de votre connexion sur un appareil a été utilisée par un autre. Cela arrive quand quelqu’un l’a copiée, et parfois quand une application a été transférée sur un nouvel appareil."),
        ("device_mismatch.do", "Reconnectez-vous pour continuer. Si cela ne vous dit rien, vérifiez sur vos appareils qu’aucun programme n’a été installé à votre insu."),
        ("new_device.subject", "Avis de sécurité : nouvelle connexion à votre compte"),
        ("new_device.title", "Nouvelle connexion à votre compte"),
        ("new_device.preview", "Quelqu’un s’est connecté avec un code de cette boîte de réception, sur un appareil que nous ne connaissons pas."),
        ("new_device.short", "Quelqu’un s’est connecté avec un code envoyé à ce numéro, sur un appareil que nous ne connaissons pas."),
        ("new_device.what", "Quelqu’un s’est connecté à votre compte avec un code de cette boîte de réception, sur un appareil que nous ne connaissons pas."),
        ("new_device.what.everywhere", "Quelqu’un s’est connecté à votre compte avec un code de cette boîte de réception, sur un appareil que nous ne connaissons pas. Tous les autres appareils ont été déconnectés."),
        ("new_device.do", "Si c’était vous, vous n’avez rien à faire. Sinon, quelqu’un d’autre peut lire vos messages : sécurisez d’abord votre boîte de réception, puis connectez-vous et déconnectez-vous partout."),
    ],
};
