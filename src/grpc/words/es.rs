//! Spanish.

use super::{Catalogue, Singular, Unit};

// One sentence a line, to be read side by side with the other languages.
#[rustfmt::skip]
pub(super) const SPANISH: Catalogue = Catalogue {
    tag: "es",
    singular: Singular::One,
    second: Unit { one: "{n} segundo", other: "{n} segundos" },
    minute: Unit { one: "{n} minuto", other: "{n} minutos" },
    hour: Unit { one: "{n} hora", other: "{n} horas" },
    day: Unit { one: "{n} día", other: "{n} días" },
    comma: ", ",
    sentences: &[
        ("INVALID_EMAIL", "Esta dirección de correo electrónico no es válida. Escríbala con la forma nombre@example.com."),
        ("INVALID_PHONE_NUMBER", "Este número de teléfono no es válido. Escríbalo con el prefijo del país, por ejemplo +44 7700 900123."),
        ("INVALID_CODE_FORMAT", "Un código tiene de 6 a 10 dígitos. Escríbalo tal como aparece en el mensaje."),
        ("INVALID_FIELD", "La solicitud no es válida. Campos que hay que corregir: {fields}."),
        ("INVALID_FIELD.message", "El mensaje no se puede leer. Compruebe que cumple la descripción de la interfaz."),
        ("REDIRECT_URI_NOT_ALLOWED", "Esta aplicación no puede redirigir a esa página. Empiece de nuevo desde la aplicación."),
        ("CODE_INVALID", "El código no es válido. Compruébelo o solicite uno nuevo."),
        ("CODE_EXPIRED", "El código ha caducado. Solicite uno nuevo."),
        ("CHALLENGE_NOT_FOUND", "Este inicio de sesión ha terminado. Solicite un código nuevo."),
        ("TOKEN_INVALID", "El token de acceso no es válido. Renuévelo o vuelva a iniciar sesión."),
        ("REFRESH_TOKEN_INVALID", "La sesión ha terminado. Vuelva a iniciar sesión."),
        ("REFRESH_TOKEN_REUSED", "Se ha vuelto a usar un token antiguo. Por seguridad se han cerrado todas las sesiones. Vuelva a iniciar sesión."),
        ("DEVICE_MISMATCH", "La sesión pertenece a otro dispositivo. Inicie sesión de nuevo en este."),
        ("SERVICE_CREDENTIAL_REQUIRED", "Este método es para operadores. Envíe el token de operador en el metadato x-service-token."),
        ("ROLE_NOT_ALLOWED", "El rol de quien llama no lo permite. Pida a un operador un rol que lo permita."),
        ("USER_DISABLED", "Esta cuenta está desactivada. Póngase en contacto con el servicio de asistencia."),
        ("RATE_LIMITED", "Se han solicitado demasiados códigos. Inténtelo de nuevo dentro de {wait}."),
        ("ACCOUNT_LOCKED", "Se han introducido demasiados códigos incorrectos. Inténtelo de nuevo dentro de {wait}."),
        ("ATTEMPTS_EXHAUSTED", "Demasiados intentos con este código. Solicite uno nuevo."),
        ("RESEND_TOO_SOON", "Se acaba de enviar un código. Podrá solicitar otro dentro de {wait}."),
        ("STORE_UNAVAILABLE", "El servicio no puede responder en este momento. No se ha perdido nada. Inténtelo de nuevo en unos instantes."),
        ("NOT_FOUND", "Esto no existe o ya no existe. Compruebe lo que ha solicitado."),
        ("NOT_FOUND.user", "Este usuario no existe. Compruebe la dirección o el identificador."),
        ("NOT_FOUND.session", "Esta sesión no existe o ha terminado. Consulte de nuevo la lista de sesiones."),
        ("METHOD_NOT_FOUND", "Este método no existe aquí. Compruebe su nombre y el puerto."),
        ("METHOD_NOT_FOUND.compressed", "No se aceptan mensajes comprimidos. Envíe el mensaje sin comprimir."),
        ("DEADLINE_EXCEEDED", "La operación ha tardado demasiado. Inténtelo de nuevo en unos instantes."),
        ("MESSAGE_TOO_LARGE", "El mensaje es demasiado grande. Envíe como máximo 16 KiB."),
        ("OVERLOADED", "El servicio está ocupado. Inténtelo de nuevo en unos instantes."),
        ("INTERNAL", "Se ha producido un error en el servicio. Inténtelo de nuevo. Si se repite, póngase en contacto con el servicio de asistencia."),
    ],
};
