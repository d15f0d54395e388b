//! Portuguese, as it is written in Brazil where the two sides of the Atlantic differ. Zero is singular.

use super::{Catalogue, Singular, Unit};

// One sentence a line, to be read side by side with the other languages.
#[rustfmt::skip]
pub(super) const PORTUGUESE: Catalogue = Catalogue {
    tag: "pt",
    singular: Singular::ZeroAndOne,
    second: Unit { one: "{n} segundo", other: "{n} segundos" },
    minute: Unit { one: "{n} minuto", other: "{n} minutos" },
    hour: Unit { one: "{n} hora", other: "{n} horas" },
    day: Unit { one: "{n} dia", other: "{n} dias" },
    comma: ", ",
    sentences: &[
        ("INVALID_EMAIL", "Este endereço de e-mail não é válido. Escreva-o na forma nome@example.com."),
        ("INVALID_PHONE_NUMBER", "Este número de telefone não é válido. Escreva-o com o código do país, por exemplo +44 7700 900123."),
        ("INVALID_CODE_FORMAT", "Um código tem de 6 a 10 dígitos. Digite-o tal como aparece na mensagem."),
        ("INVALID_FIELD", "A solicitação não é válida. Campos a corrigir: {fields}."),
        ("INVALID_FIELD.message", "Não foi possível ler a mensagem. Verifique se ela segue a descrição da interface."),
        ("REDIRECT_URI_NOT_ALLOWED", "Este aplicativo não pode redirecionar para essa página. Comece de novo no aplicativo."),
        ("CODE_INVALID", "O código não é válido. Confira-o ou peça um novo."),
        ("CODE_EXPIRED", "O código expirou. Peça um novo."),
        ("CHALLENGE_NOT_FOUND", "Esta solicitação de acesso terminou. Peça um novo código."),
        ("TOKEN_INVALID", "O token de acesso não é válido. Renove-o ou entre novamente."),
        ("REFRESH_TOKEN_INVALID", "A sessão terminou. Entre novamente."),
        ("REFRESH_TOKEN_REUSED", "Um token antigo foi usado de novo. Por segurança, todas as sessões foram encerradas. Entre novamente."),
        ("DEVICE_MISMATCH", "A sessão pertence a outro dispositivo. Entre novamente neste."),
        ("SERVICE_CREDENTIAL_REQUIRED", "Este método é reservado a operadores. Envie o token de operador no metadado x-service-token."),
        ("ROLE_NOT_ALLOWED", "O papel de quem chama não permite isto. Peça a um operador um papel que o permita."),
        ("USER_DISABLED", "Esta conta está desativada. Entre em contato com o suporte."),
        ("RATE_LIMITED", "Foram solicitados códigos demais. Tente novamente daqui a {wait}."),
        ("ACCOUNT_LOCKED", "Foram digitados códigos incorretos demais. Tente novamente daqui a {wait}."),
        ("ATTEMPTS_EXHAUSTED", "Tentativas demais com este código. Peça um novo."),
        ("RESEND_TOO_SOON", "Um código acabou de ser enviado. Poderá pedir outro daqui a {wait}."),
        ("STORE_UNAVAILABLE", "O serviço não pode responder agora. Nada se perdeu. Tente novamente daqui a instantes."),
        ("NOT_FOUND", "Isto não existe ou já não existe. Confira o que foi pedido."),
        ("NOT_FOUND.user", "Este usuário não existe. Confira o endereço ou o identificador."),
        ("NOT_FOUND.session", "Esta sessão não existe ou terminou. Consulte novamente a lista de sessões."),
        ("METHOD_NOT_FOUND", "Este método não existe aqui. Confira o nome e a porta."),
        ("METHOD_NOT_FOUND.compressed", "Mensagens comprimidas não são aceitas. Envie a mensagem sem compressão."),
        ("DEADLINE_EXCEEDED", "A operação demorou demais. Tente novamente daqui a instantes."),
        ("MESSAGE_TOO_LARGE", "A mensagem é grande demais. Envie no máximo 16 KiB."),
        ("OVERLOADED", "O serviço está ocupado. Tente novamente daqui a instantes."),
        ("INTERNAL", "Ocorreu um erro no serviço. Tente novamente. Se o erro se repetir, entre em contato com o suporte."),
    ],
};
