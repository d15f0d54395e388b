//! A configuration file and the keys that it names, for a service that is not the embedded default.

use std::fs::{self, DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use toml::{Table, Value};

use super::proxy::Proxy;
use super::run;

/// The parts that every deployment names; `set` changes and adds.
const BASE: &str = r#"
[service]
environment = "development"
issuer = "http://localhost:8080"
[listen]
grpc = "127.0.0.1:0"
http = "127.0.0.1:0"
admin = "127.0.0.1:0"
tls = "disable-on-loopback"
[[clients]]
client_id = "default"
display_name = "Identity"
audiences = ["identity"]
[telemetry]
log_format = "json"
"#;

/// A configuration in a folder of its own. Several services can be started from one.
pub(crate) struct Settings {
    folder: PathBuf,
    table: Table,
    policy: Table,
}

impl Settings {
    /// The base, with new keys and a mailbox, all in `folder`. A store and a limiter are to be set.
    pub(crate) fn new(folder: &Path) -> Self {
        write_keys(&folder.join("secrets"));
        let mut settings = Self { folder: folder.to_owned(), table: BASE.parse().unwrap(), policy: Table::new() };
        settings.set("secrets.directory", settings.secrets().to_str().unwrap());
        settings.set("delivery.mailbox.directory", settings.mailbox().to_str().unwrap());
        settings
    }

    /// Sets one key, named with its sections: `sessions.idle_lifetime`. Sections that are missing are made.
    pub(crate) fn set(&mut self, key: &str, value: impl Into<Value>) {
        set(&mut self.table, key, value.into());
    }

    /// Sets one key of the policy file, named with its sections: `codes.resend_cooldown`. The first key makes the file,
    /// on the template `standard`.
    pub(crate) fn policy(&mut self, key: &str, value: impl Into<Value>) {
        self.set("policy.file", "policy.toml");
        set(&mut self.policy, key, value.into());
    }

    /// Lets the policy admit so many requests for codes in so many seconds, by `identifier`, `address` or `all`.
    pub(crate) fn limit(&mut self, layer: &str, limit: i64, seconds: i64) {
        self.policy(&format!("limits.{layer}.windows"), vec![window(limit, seconds)]);
    }

    /// Lets all unknown devices together enter so many wrong codes in so many seconds before the guard is raised.
    pub(crate) fn guard(&mut self, limit: i64, seconds: i64) {
        self.policy("guard.windows", vec![window(limit, seconds)]);
    }

    /// Has the service reach PostgreSQL by way of a proxy. Its form is brought up to date beforehand, by a way of its own.
    pub(crate) fn postgres_through(&mut self, proxy: &Proxy) {
        self.set("store.postgres.port", i64::from(proxy.address().port()));
        self.set("store.migrate", "by-command");
    }

    /// Offers SMS, through the mailbox.
    pub(crate) fn offer_sms(&mut self) {
        self.set("delivery.sms.mailbox.directory", self.mailbox().to_str().unwrap());
    }

    /// Adds an override to the policy, as the text of its table.
    pub(crate) fn policy_override(&mut self, text: &str) {
        self.set("policy.file", "policy.toml");
        let overrides = self.policy.entry("override").or_insert_with(|| Value::Array(Vec::new()));
        overrides.as_array_mut().expect("a list").push(Value::Table(text.parse().unwrap()));
    }

    /// Registers one more client application.
    pub(crate) fn client(&mut self, client_id: &str) {
        self.client_named(client_id, client_id);
    }

    /// The same, with what people read.
    pub(crate) fn client_named(&mut self, client_id: &str, display_name: &str) {
        let text = format!("client_id = '{client_id}'\ndisplay_name = '{display_name}'\naudiences = ['identity']");
        self.table["clients"].as_array_mut().expect("a list").push(Value::Table(text.parse().unwrap()));
    }

    /// Registers where the links of the client application `default` may lead on to.
    pub(crate) fn redirects(&mut self, uris: &[&str]) {
        let uris: Vec<Value> = uris.iter().map(|uri| Value::from(*uri)).collect();
        let client = self.table["clients"][0].as_table_mut().expect("a client");
        client.insert("redirect_uris".to_owned(), uris.into());
    }

    /// The section by this name, such as `limiter.memory`, made if it is missing.
    pub(crate) fn section(&mut self, name: &str) -> &mut Table {
        section(&mut self.table, name)
    }

    /// Removes a section or key of the first level.
    pub(crate) fn remove(&mut self, name: &str) {
        self.table.remove(name);
    }

    /// The folder of everything here.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder of the keys.
    pub(crate) fn secrets(&self) -> PathBuf {
        self.folder.join("secrets")
    }

    /// The folder of the messages, unless delivery was set otherwise.
    pub(crate) fn mailbox(&self) -> PathBuf {
        self.folder.join("mailbox")
    }

    /// The policy file, which `policy` makes.
    pub(crate) fn policy_file(&self) -> PathBuf {
        self.folder.join("policy.toml")
    }

    /// Writes the policy as it now is. It is renamed into place, so that nobody reads half of it.
    pub(crate) fn write_policy(&self) {
        let mut policy = self.policy.clone();
        policy.entry("template").or_insert_with(|| "standard".into());
        let new = self.folder.join("policy.new");
        fs::write(&new, policy.to_string()).unwrap();
        fs::rename(new, self.policy_file()).unwrap();
    }

    /// Writes the files as they now are, and gives the configuration's path.
    pub(crate) fn file(&self) -> PathBuf {
        if !self.policy.is_empty() {
            self.write_policy();
        }
        let path = self.folder.join("identity.toml");
        fs::write(&path, self.table.to_string()).unwrap();
        path
    }
}

fn window(limit: i64, seconds: i64) -> Table {
    Table::from_iter([("limit".to_owned(), limit.into()), ("seconds".to_owned(), seconds.into())])
}

fn set(table: &mut Table, key: &str, value: Value) {
    match key.rsplit_once('.') {
        Some((sections, key)) => section(table, sections).insert(key.to_owned(), value),
        None => table.insert(key.to_owned(), value),
    };
}

fn section<'t>(table: &'t mut Table, name: &str) -> &'t mut Table {
    name.split('.').fold(table, |table, section| {
        let inner = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
        inner.as_table_mut().expect("a section")
    })
}

/// Writes `content` to a file that only its owner reads.
pub(crate) fn write_secret(path: &Path, content: &str) {
    DirBuilder::new().recursive(true).mode(0o700).create(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
}

/// A key of 256 bits, in hexadecimal.
fn random_key() -> String {
    let [high, low] = [rand::random::<u128>(), rand::random()];
    format!("{high:032x}{low:032x}")
}

fn write_keys(folder: &Path) {
    for name in ["peppers/1", "sealing/1", "refresh/1", "index-key", "admin-token"] {
        write_secret(&folder.join(name), &random_key());
    }
    write_secret(&folder.join("signing-keys/1.pem"), signing_key());
}

/// One RSA key for the run: making one takes up to a quarter of a second.
fn signing_key() -> &'static str {
    static KEY: LazyLock<String> = LazyLock::new(|| {
        let folder = run::folder("signing-key");
        let file = folder.path().join("key.pem");
        let arguments = ["genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out"];
        let output = Command::new("openssl").args(arguments).arg(&file).output().unwrap();
        assert!(output.status.success(), "openssl genpkey: {}", String::from_utf8_lossy(&output.stderr));
        fs::read_to_string(&file).unwrap()
    });
    &KEY
}
