//! Spanish.

use super::Catalogue;

// One sentence a line, to be read side by side with the other languages.
#[rustfmt::skip]
pub(super) const SPANISH: Catalogue = Catalogue {
    tag: "es",
    minute: "%d/%m/%Y, %H:%M UTC",
    sentences: &[
        ("noticed", "Se detectó el {time}."),
        ("noticed.from", "Se detectó el {time}, desde la dirección de red {address}."),
        ("identifier_locked.subject", "Aviso de seguridad: demasiados códigos de acceso incorrectos"),
        ("identifier_locked.title", "Demasiados códigos de acceso incorrectos"),
        ("identifier_locked.preview", "El acceso desde dispositivos desconocidos está en pausa para proteger su cuenta."),
        ("identifier_locked.what", "Alguien ha introducido demasiados códigos incorrectos para esta dirección, por lo que el acceso desde dispositivos desconocidos está en pausa."),
        ("identifier_locked.what.until", "Alguien ha introducido demasiados códigos incorrectos para esta dirección, por lo que el acceso desde dispositivos desconocidos está en pausa hasta el {until}."),
        ("identifier_locked.do", "Puede seguir accediendo desde un dispositivo que haya usado antes. Eso también pone fin a la pausa; si no, contacte con el servicio de asistencia. Si no fue usted, no tiene que hacer nada: un código incorrecto no deja entrar a nadie."),
        ("identifier_locked.do.until", "Puede seguir accediendo desde un dispositivo que haya usado antes. Si no fue usted, no tiene que hacer nada: un código incorrecto no deja entrar a nadie."),
        ("refresh_token_reused.subject", "Aviso de seguridad: se ha cerrado su sesión en un dispositivo"),
        ("refresh_token_reused.subject.everywhere", "Aviso de seguridad: se ha cerrado su sesión en todas partes"),
        ("refresh_token_reused.title", "Se ha cerrado su sesión en un dispositivo"),
        ("refresh_token_reused.title.everywhere", "Se ha cerrado su sesión en todas partes"),
        ("refresh_token_reused.preview", "Se ha cerrado su sesión en uno de sus dispositivos para proteger su cuenta."),
        ("refresh_token_reused.preview.everywhere", "Se ha cerrado su sesión en todos sus dispositivos para proteger su cuenta."),
        ("refresh_token_reused.what", "Esto protege su cuenta. Una prueba antigua de su acceso se usó por segunda vez. Ocurre cuando alguien la ha copiado de uno de sus dispositivos y, a veces, cuando una aplicación falla. La sesión a la que pertenece se ha cerrado."),
        ("refresh_token_reused.what.everywhere", "Esto protege su cuenta. Una prueba antigua de su acceso se usó por segunda vez. Ocurre cuando alguien la ha copiado de uno de sus dispositivos y, a veces, cuando una aplicación falla."),
        ("refresh_token_reused.do", "Vuelva a acceder para continuar. Si no reconoce esto, compruebe si en sus dispositivos hay programas que usted no instaló."),
        ("device_mismatch.subject", "Aviso de seguridad: se ha cerrado su sesión en un dispositivo"),
        ("device_mismatch.subject.everywhere", "Aviso de seguridad: se ha cerrado su sesión en todas partes"),
        ("device_mismatch.title", "Se ha cerrado su sesión en un dispositivo"),
        ("device_mismatch.title.everywhere", "Se ha cerrado su sesión en todas partes"),
        ("device_mismatch.preview", "Se ha cerrado su sesión en uno de sus dispositivos para proteger su cuenta."),
        ("device_mismatch.preview.everywhere", "Se ha cerrado su sesión en todos sus dispositivos para proteger su cuenta."),
        ("device_mismatch.what", "Esto protege su cuenta. La prueba de su acceso en un dispositivo la usó otro. Ocurre cuando alguien la ha copiado y, a veces, cuando una aplicación se trasladó a un dispositivo nuevo. La sesión a la que pertenece se ha cerrado."),
        ("device_mismatch.what.everywhere", "Esto protege su cuenta. La prueba de su acceso en un dispositivo la usó otro. Ocurre cuando alguien la ha copiado y, a veces, cuando una aplicación se trasladó a un dispositivo nuevo."),
        ("device_mismatch.do", "Vuelva a acceder para continuar. Si no reconoce esto, compruebe si en sus dispositivos hay programas que usted no instaló."),
        ("new_device.subject", "Aviso de seguridad: nuevo acceso a su cuenta"),
        ("new_device.title", "Nuevo acceso a su cuenta"),
        ("new_device.preview", "Alguien accedió con un código de este buzón, en un dispositivo que no conocemos."),
        ("new_device.short", "Alguien accedió con un código enviado a este número, en un dispositivo que no conocemos."),
        ("new_device.what", "Alguien accedió a su cuenta con un código de este buzón, en un dispositivo que no conocemos."),
        ("new_device.what.everywhere", "Alguien accedió a su cuenta con un código de este buzón, en un dispositivo que no conocemos. Se ha cerrado la sesión en todos los demás dispositivos."),
        ("new_device.do", "Si fue usted, no tiene que hacer nada. Si no, otra persona puede leer su correo: proteja primero su buzón, luego acceda y cierre la sesión en todas partes."),
    ],
};
