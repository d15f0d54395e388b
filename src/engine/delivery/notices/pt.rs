//! Portuguese.

use super::Catalogue;

// One sentence a line, to be read side by side with the other languages.
#[rustfmt::skip]
pub(super) const PORTUGUESE: Catalogue = Catalogue {
    tag: "pt",
    minute: "%d/%m/%Y, %H:%M UTC",
    sentences: &[
        ("noticed", "Detectado em {time}."),
        ("noticed.from", "Detectado em {time}, a partir do endereço de rede {address}."),
        ("identifier_locked.subject", "Aviso de segurança: demasiados códigos de acesso errados"),
        ("identifier_locked.title", "Demasiados códigos de acesso errados"),
        ("identifier_locked.preview", "O acesso a partir de dispositivos desconhecidos está suspenso, para proteger a sua conta."),
        ("identifier_locked.what", "Alguém introduziu demasiados códigos errados para este endereço, por isso o acesso a partir de dispositivos desconhecidos está suspenso."),
        ("identifier_locked.what.until", "Alguém introduziu demasiados códigos errados para este endereço, por isso o acesso a partir de dispositivos desconhecidos está suspenso até {until}."),
        ("identifier_locked.do", "Pode continuar a aceder num dispositivo que já usou. Isso também termina a suspensão; caso contrário, contacte o suporte. Se não foi você, não precisa de fazer nada: um código errado não deixa entrar ninguém."),
        ("identifier_locked.do.until", "Pode continuar a aceder num dispositivo que já usou. Se não foi você, não precisa de fazer nada: um código errado não deixa entrar ninguém."),
        ("refresh_token_reused.subject", "Aviso de segurança: a sua sessão foi terminada num dispositivo"),
        ("refresh_token_reused.subject.everywhere", "Aviso de segurança: a sua sessão foi terminada em todo o lado"),
        ("refresh_token_reused.title", "A sua sessão foi terminada num dispositivo"),
        ("refresh_token_reused.title.everywhere", "A sua sessão foi terminada em todo o lado"),
        ("refresh_token_reused.preview", "A sua sessão foi terminada num dos seus dispositivos, para proteger a sua conta."),
        ("refresh_token_reused.preview.everywhere", "A sua sessão foi terminada em todos os seus dispositivos, para proteger a sua conta."),
        ("refresh_token_reused.what", "Isto protege a sua conta. Uma prova antiga do seu acesso foi usada uma segunda vez. Isso acontece quando alguém a copiou de um dos seus dispositivos e, por vezes, quando uma aplicação falhou. A sessão a que pertence foi terminada."),
        ("refresh_token_reused.what.everywhere", "Isto protege a sua conta. Uma prova antiga do seu acesso foi usada uma segunda vez. Isso acontece quando alguém a copiou de um dos seus dispositivos e, por vezes, quando uma aplicação falhou."),
        ("refresh_token_reused.do", "Aceda de novo para continuar. Se não reconhece isto, verifique se há nos seus dispositivos programas que não instalou."),
        ("device_mismatch.subject", "Aviso de segurança: a sua sessão foi terminada num dispositivo"),
        ("device_mismatch.subject.everywhere", "Aviso de segurança: a sua sessão foi terminada em todo o lado"),
        ("device_mismatch.title", "A sua sessão foi terminada num dispositivo"),
        ("device_mismatch.title.everywhere", "A sua sessão foi terminada em todo o lado"),
        ("device_mismatch.preview", "A sua sessão foi terminada num dos seus dispositivos, para proteger a sua conta."),
        ("device_mismatch.preview.everywhere", "A sua sessão foi terminada em todos os seus dispositivos, para proteger a sua conta."),
        ("device_mismatch.what", "Isto protege a sua conta. A prova do seu acesso num dispositivo foi usada por outro. Isso acontece quando alguém a copiou e, por vezes, quando uma aplicação foi mudada para um dispositivo novo. A sessão a que pertence foi terminada."),
        ("device_mismatch.what.everywhere", "Isto protege a sua conta. A prova do seu acesso num dispositivo foi usada por outro. Isso acontece quando alguém a copiou e, por vezes, quando uma aplicação foi mudada para um dispositivo novo."),
        ("device_mismatch.do", "Aceda de novo para continuar. Se não reconhece isto, verifique se há nos seus dispositivos programas que não instalou."),
        ("new_device.subject", "Aviso de segurança: novo acesso à sua conta"),
        ("new_device.title", "Novo acesso à sua conta"),
        ("new_device.preview", "Alguém acedeu com um código desta caixa de correio, num dispositivo que não conhecemos."),
        ("new_device.short", "Alguém acedeu com um código enviado para este número, num dispositivo que não conhecemos."),
        ("new_device.what", "Alguém acedeu à sua conta com um código desta caixa de correio, num dispositivo que não conhecemos."),
        ("new_device.what.everywhere", "Alguém acedeu à sua conta com um código desta caixa de correio, num dispositivo que não conhecemos. A sessão foi terminada em todos os outros dispositivos."),
        ("new_device.do", "Se foi você, não precisa de fazer nada. Se não, outra pessoa consegue ler o seu correio: proteja primeiro a sua caixa de correio, depois aceda e termine a sessão em todo o lado."),
    ],
};
