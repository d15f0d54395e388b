//! French. Zero is singular.

use super::{Catalogue, Singular, Unit};

// One sentence a line, to be read side by side with the other languages.
#[rustfmt::skip]
pub(super) const FRENCH: Catalogue = Catalogue {
    tag: "fr",
    singular: Singular::ZeroAndOne,
    second: Unit { one: "{n} seconde", other: "{n} secondes" },
    minute: Unit { one: "{n} minute", other: "{n} minutes" },
    hour: Unit { one: "{n} heure", other: "{n} heures" },
    day: Unit { one: "{n} jour", other: "{n} jours" },
    comma: ", ",
    sentences: &[
        ("INVALID_EMAIL", "Cette adresse e-mail n’est pas valide. Saisissez-la sous la forme nom@example.com."),
        ("INVALID_PHONE_NUMBER", "Ce numéro de téléphone n’est pas valide. Saisissez-le avec l’indicatif du pays, par exemple +44 7700 900123."),
        ("INVALID_CODE_FORMAT", "Un code comporte de 6 à 10 chiffres. Saisissez-le tel qu’il figure dans le message."),
        ("INVALID_FIELD", "La requête n’est pas valide. Champs à corriger\u{a0}: {fields}."),
        ("INVALID_FIELD.message", "Le message est illisible. Vérifiez qu’il respecte la description de l’interface."),
        ("REDIRECT_URI_NOT_ALLOWED", "Cette application n’est pas autorisée à rediriger vers cette page. Recommencez depuis l’application."),
        ("CODE_INVALID", "Le code n’est pas valide. Vérifiez-le ou demandez-en un nouveau."),
        ("CODE_EXPIRED", "Le code a expiré. Demandez-en un nouveau."),
        ("CHALLENGE_NOT_FOUND", "Cette demande de connexion est terminée. Demandez un nouveau code."),
        ("TOKEN_INVALID", "Le jeton d’accès n’est pas valide. Renouvelez-le ou reconnectez-vous."),
        ("REFRESH_TOKEN_INVALID", "La session est terminée. Reconnectez-vous."),
        ("REFRESH_TOKEN_REUSED", "Un ancien jeton a été réutilisé. Par sécurité, toutes les sessions ont été fermées. Reconnectez-vous."),
        ("DEVICE_MISMATCH", "La session appartient à un autre appareil. Reconnectez-vous sur celui-ci."),
        ("SERVICE_CREDENTIAL_REQUIRED", "Cette méthode est réservée aux opérateurs. Envoyez le jeton d’opérateur dans la métadonnée x-service-token."),
        ("ROLE_NOT_ALLOWED", "Le rôle de l’appelant ne le permet pas. Demandez à un opérateur un rôle qui le permet."),
        ("USER_DISABLED", "Ce compte est désactivé. Contactez l’assistance."),
        ("RATE_LIMITED", "Trop de codes ont été demandés. Réessayez dans {wait}."),
        ("ACCOUNT_LOCKED", "Trop de codes erronés ont été saisis. Réessayez dans {wait}."),
        ("ATTEMPTS_EXHAUSTED", "Trop de tentatives avec ce code. Demandez-en un nouveau."),
        ("RESEND_TOO_SOON", "Un code vient d’être envoyé. Vous pourrez en demander un autre dans {wait}."),
        ("STORE_UNAVAILABLE", "Le service ne peut pas répondre pour le moment. Rien n’a été perdu. Réessayez dans un instant."),
        ("NOT_FOUND", "Cet élément n’existe pas ou n’existe plus. Vérifiez votre demande."),
        ("NOT_FOUND.user", "Cet utilisateur n’existe pas. Vérifiez l’adresse ou l’identifiant."),
        ("NOT_FOUND.session", "Cette session n’existe pas ou est terminée. Consultez de nouveau la liste des sessions."),
        ("METHOD_NOT_FOUND", "Cette méthode n’existe pas ici. Vérifiez son nom et le port."),
        ("METHOD_NOT_FOUND.compressed", "Les messages compressés ne sont pas acceptés. Envoyez-le sans compression."),
        ("DEADLINE_EXCEEDED", "L’opération a pris trop de temps. Réessayez dans un instant."),
        ("MESSAGE_TOO_LARGE", "Le message est trop volumineux. Envoyez au plus 16 Kio."),
        ("OVERLOADED", "Le service est surchargé. Réessayez dans un instant."),
        ("INTERNAL", "Une erreur s’est produite dans le service. Réessayez. Si elle se reproduit, contactez l’assistance."),
    ],
};
