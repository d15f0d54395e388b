//! `[[clients]]`: the applications that people sign in to; the first is the default.

use super::{
    form::{List, Text},
    network,
    reader::Section,
};
use crate::domain::{
    client::{Client, ClientId, Clients},
    redirect_uri::RedirectUri,
};

/// Reads the list from the document's root.
pub(super) fn read(root: &mut Section<'_>) -> Option<Clients> {
    let clients = root.tables("clients", |section| {
        let name = Text { parse: ClientId::new, expected: "1 to 64 of A-Z, a-z, 0-9, \"-\", \"_\" and \".\"" };
        let client_id = section.need("client_id", &name);
        let display_name = section.need("display_name", &network::words::<64>("what people read, 1 to 64 characters"));
        let audience = network::words::<255>("a name or URL of a service, 1 to 255 characters");
        let audiences = section.need("audiences", &List(audience));
        if audiences.as_ref().is_some_and(Vec::is_empty) {
            section.wrong("audiences", "is empty", "name at least one service that takes the tokens");
            return None;
        }
        let redirect = Text {
            parse: RedirectUri::new,
            expected: "an https URL, an http URL of the loopback, or a URL of a private-use scheme with a dot such as \
                       \"com.example.app:/link\"; ASCII, without user, fragment and \"*\"",
        };
        let redirect_uris = section.get("redirect_uris", &List(redirect)).or(Vec::new());
        Some(Client {
            client_id: client_id?,
            display_name: display_name?,
            audiences: audiences?,
            redirect_uris: redirect_uris?,
        })
    });
    let clients = Clients::new(clients.or(Vec::new())?);
    if clients.is_none() {
        root.wrong(
            "clients",
            "names no client, or one twice",
            "write one [[clients]] for each application, each with a client_id of its own",
        );
    }
    clients
}
