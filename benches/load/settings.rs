//! The configuration file and the keys that the measured server gets: everything on, as in production, but for the
//! limits, which are so high that the load stays under them while every window is still counted.

use std::fs;
use std::io::Read as _;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::ensure;

/// What the server is told.
pub(crate) struct Settings {
    /// The `[store.…]` section with its keys.
    pub(crate) store: String,
    /// The `[limiter.…]` section with its keys.
    pub(crate) limiter: String,
    /// Where messages go.
    pub(crate) delivery: Delivery,
}

/// Where messages go.
pub(crate) enum Delivery {
    /// To a mail server.
    Smtp(SocketAddr),
    /// Into a folder.
    Mailbox(PathBuf),
}

/// A window that the load stays below, though it is counted.
const HIGH: &str = "{ limit = 100000, seconds = 1 }";

/// The client application that people sign in to.
pub(crate) const AUDIENCE: &str = "load";
/// The `iss` of the tokens.
pub(crate) const ISSUER: &str = "http://localhost:8080";

impl Settings {
    /// Writes the file and its keys into a folder, and gives the file's path.
    pub(crate) fn write(&self, folder: &Path) -> anyhow::Result<PathBuf> {
        let path = folder.join("identity.toml");
        fs::write(&path, self.text())?;
        fs::write(folder.join("policy.toml"), policy())?;
        write_secrets(&folder.join("secrets"))?;
        Ok(path)
    }

    fn text(&self) -> String {
        let delivery = match &self.delivery {
            Delivery::Smtp(address) => format!(
                "[delivery.smtp]\nhost = \"{}\"\nport = {}\ntls = \"disable-on-loopback\"\n\
                 from = \"sign-in@load.example\"\n",
                address.ip(),
                address.port()
            ),
            Delivery::Mailbox(folder) => format!("[delivery.mailbox]\ndirectory = \"{}\"\n", folder.display()),
        };
        format!(
            r#"
[service]
environment = "development"
issuer = "{ISSUER}"

[listen]
grpc = "127.0.0.1:0"
http = "127.0.0.1:0"
admin = "127.0.0.1:0"
trusted_proxies = ["127.0.0.1"]

{store}
{limiter}
[policy]
file = "policy.toml"

{delivery}
[secrets]
directory = "secrets"

[[clients]]
client_id = "load"
display_name = "Load"
audiences = ["{AUDIENCE}"]
"#,
            store = self.store,
            limiter = self.limiter,
        )
    }
}

/// As many windows as the template has, each of them high.
fn policy() -> String {
    format!(
        r#"
template = "standard"
[limits]
identifier = {{ windows = [{HIGH}, {HIGH}, {HIGH}] }}
address = {{ windows = [{HIGH}, {HIGH}] }}
all = {{ windows = [{HIGH}] }}
"#
    )
}

/// Keys of this run alone. A folder that has them keeps them.
fn write_secrets(folder: &Path) -> anyhow::Result<()> {
    if folder.exists() {
        return Ok(());
    }
    private_folder(folder)?;
    for ring in ["peppers", "sealing", "refresh"] {
        private_folder(&folder.join(ring))?;
        private_file(&folder.join(ring).join("1"), &random_key()?)?;
    }
    private_file(&folder.join("index-key"), &random_key()?)?;
    private_file(&folder.join("admin-token"), &random_key()?)?;
    private_folder(&folder.join("signing-keys"))?;
    let arguments = ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];
    let made = Command::new("openssl").args(arguments).output()?;
    ensure!(made.status.success(), "openssl makes no key: {}", String::from_utf8_lossy(&made.stderr));
    private_file(&folder.join("signing-keys/1.pem"), &String::from_utf8(made.stdout)?)
}

fn random_key() -> anyhow::Result<String> {
    let mut bytes = [0; 32];
    fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}")))
}

fn private_folder(path: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(path)?;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(0o700))?)
}

fn private_file(path: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(path, text)?;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(0o600))?)
}
