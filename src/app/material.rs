//! Everything that the configuration names, read: keys, passwords, certificates. Nothing is opened for it.

use super::{
    Failure,
    accept::{BadTlsIdentity, Certificate, TlsIdentity},
    templates,
    wire::{
        limiter::LimiterSecrets,
        messenger::{DeliverySecrets, ProviderSecrets},
    },
};
use crate::{
    adapters::{keys::KeyMaterial, signer::SigningKeys, system::SystemClock},
    config::{
        self, Config,
        delivery::{EmailProvider, Twilio},
        limiter::Limiter,
        listen::TlsFiles,
        policy::PolicyFile,
        problem::{Problem, Problems, because},
        review::ReviewFile,
        secret_file,
        secrets::ServiceKeys,
        sms::SmsProvider,
        store::Store,
    },
    domain::secret::{ExposeSecret as _, Secret, SecretString},
    engine::delivery::Templates,
    ports::clock::Clock as _,
};
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use std::{fs, path::Path};

/// What the configuration names, read.
pub(super) struct Material {
    /// The symmetric keys.
    pub(super) keys: KeyMaterial,
    /// The policy.
    pub(super) policy: PolicyFile,
    /// The review accounts.
    pub(super) review: Option<ReviewFile>,
    /// The keys that sign access tokens.
    pub(super) signing: SigningKeys,
    /// What operators present.
    pub(super) admin_token: SecretString,
    /// The store's password.
    pub(super) store_password: Option<SecretString>,
    /// What the limiter's server asks for.
    pub(super) limiter: LimiterSecrets,
    /// What the providers of messages ask for.
    pub(super) delivery: DeliverySecrets,
    /// What messages say.
    pub(super) templates: Templates,
    /// The secret key of the captcha's widget.
    pub(super) captcha: Option<SecretString>,
    /// The listeners' certificate and its key.
    pub(super) listener: Option<Certificate>,
    /// The authorities that may sign the collector's certificate, in PEM.
    pub(super) collector_authorities: Option<String>,
}

impl Material {
    /// Reads it.
    ///
    /// # Errors
    /// Everything that is wrong with the files, at once.
    pub(super) fn load(config: &Config) -> Result<Self, Failure> {
        let mut problems = Problems(Vec::new());
        let keys = config.secrets.load().and_then(|keys| sorted(config, keys));
        let keys = keys.map_err(|more| problems.0.extend(more.0)).ok();
        let policy = config.load_policy().map_err(|more| problems.0.extend(more.0)).ok();
        let review = config.review.as_ref().map(|review| review.load(SystemClock.now()));
        let review = review.and_then(|read| read.map_err(|more| problems.0.extend(more.0)).ok());
        let templates = match templates::load(config.templates.as_deref()) {
            Ok(templates) => Some(templates),
            Err(Failure::Configuration(more)) => {
                problems.0.extend(more.0);
                None
            }
            Err(other) => return Err(other),
        };
        let mut files = Files { problems: &mut problems };

        let store_password = match &config.store {
            Store::Sqlite { .. } => None,
            Store::Postgres(postgres) => {
                // The driver reads the authorities itself.
                files.certificates(postgres.ca_file.as_deref(), "store.postgres.ca_file");
                files.password(postgres.password_file.as_deref(), "store.postgres.password_file")
            }
        };
        let limiter = match &config.limiter {
            Limiter::Memory => LimiterSecrets::default(),
            Limiter::Redis(redis) => LimiterSecrets {
                password: files.password(redis.password_file.as_deref(), "limiter.redis.password_file"),
                authorities: files.certificates(redis.ca_file.as_deref(), "limiter.redis.ca_file"),
            },
        };
        let delivery = delivery_secrets(config, &mut files);
        let captcha_file = config.proof.captcha.as_ref().map(|captcha| captcha.secret_file.as_path());
        let captcha = files.password(captcha_file, "proof.captcha.secret_file");
        let listener = config.listen.tls.as_ref().and_then(|tls| files.certificate(tls));
        let collector = files.certificates(config.telemetry.otlp_ca_file.as_deref(), "telemetry.otlp_ca_file");
        let collector_authorities = collector.and_then(|pem| String::from_utf8(pem).ok());

        match (keys, policy, templates) {
            (Some((keys, signing, admin_token)), Some(policy), Some(templates)) if problems.0.is_empty() => Ok(Self {
                keys,
                policy,
                review,
                signing,
                admin_token,
                store_password,
                limiter,
                delivery,
                templates,
                captcha,
                listener,
                collector_authorities,
            }),
            _ => Err(problems.into()),
        }
    }
}

/// What each provider of messages asks for.
fn delivery_secrets(config: &Config, files: &mut Files<'_>) -> DeliverySecrets {
    let mut read = |place: &str, key: &str, secret: Option<&Path>, authorities: Option<&Path>| ProviderSecrets {
        secret: files.password(secret, &format!("{place}.{key}")),
        authorities: files.certificates(authorities, &format!("{place}.ca_file")),
        auth_token: None,
    };
    let mut secrets = DeliverySecrets::default();
    for provider in &config.delivery.providers {
        let place = &provider.place;
        secrets.email.push(match &provider.kind {
            EmailProvider::Mailbox { .. } => ProviderSecrets::default(),
            EmailProvider::Smtp(smtp) => {
                let password = smtp.account.as_ref().map(|(_, file)| file.as_path());
                read(place, "password_file", password, smtp.ca_file.as_deref())
            }
            EmailProvider::SendGrid(chosen) => {
                read(place, "api_key_file", Some(&chosen.api_key_file), chosen.service.ca_file.as_deref())
            }
            EmailProvider::Webhook(chosen) => {
                read(place, "secret_file", Some(&chosen.secret_file), chosen.ca_file.as_deref())
            }
        });
    }
    for provider in config.sms.iter().flat_map(|sms| &sms.providers) {
        let place = &provider.place;
        secrets.sms.push(match &provider.kind {
            SmsProvider::Mailbox { .. } => ProviderSecrets::default(),
            SmsProvider::Twilio(chosen) => {
                read(place, "secret_file", Some(&chosen.secret_file), chosen.service.ca_file.as_deref())
            }
            SmsProvider::Webhook(chosen) => {
                read(place, "secret_file", Some(&chosen.secret_file), chosen.ca_file.as_deref())
            }
        });
    }
    for (provider, secrets) in config.sms.iter().flat_map(|sms| &sms.providers).zip(&mut secrets.sms) {
        if let SmsProvider::Twilio(Twilio { receipts: Some(receipts), .. }) = &provider.kind {
            let key = format!("{}.receipts.auth_token_file", provider.place);
            secrets.auth_token = files.password(receipts.auth_token_file.as_deref(), &key);
        }
    }
    secrets
}

/// The keys as the adapters take them.
pub(super) fn sorted(config: &Config, keys: ServiceKeys) -> Result<(KeyMaterial, SigningKeys, SecretString), Problems> {
    let ServiceKeys { peppers, sealing, refresh, index, signing, admin_token } = keys;
    let signing = signing.into_iter().map(|(path, pem)| (path.display().to_string(), pem)).collect();
    let signing = SigningKeys::from_pems(signing).map_err(|fault| {
        Problem::of_file(&config.secrets.directory, "secrets.directory", fault.to_string(), "mend or replace the file")
    })?;
    Ok((KeyMaterial { peppers, sealing, refresh, index }, signing, admin_token))
}

struct Files<'a> {
    problems: &'a mut Problems,
}

impl Files<'_> {
    fn password(&mut self, path: Option<&Path>, key: &str) -> Option<SecretString> {
        let read = secret_file::read_line(path?, key);
        self.keep(read)
    }

    fn certificate(&mut self, tls: &TlsFiles) -> Option<Certificate> {
        let identity = read_identity(tls).map_err(|problems| self.problems.0.extend(problems.0)).ok()?;
        let certificate = Certificate::new(&identity).map_err(|fault| unfit(tls, &fault));
        self.keep(certificate)
    }

    /// The authorities of a connection.
    fn certificates(&mut self, path: Option<&Path>, key: &str) -> Option<Vec<u8>> {
        let path = path?;
        let read = read_certificates(path, key).and_then(|pem| {
            let remedy = "name a file of certificates of authorities in PEM, each whole";
            let unfit = || Problem::of_file(path, key, "holds what is no certificate", remedy);
            are_authorities(&pem).then_some(pem).ok_or_else(unfit)
        });
        self.keep(read)
    }

    fn keep<T>(&mut self, read: Result<T, Problem>) -> Option<T> {
        read.map_err(|problem| self.problems.0.push(problem)).ok()
    }
}

/// The listeners' certificate and its key, as they stand in their files.
pub(super) fn read_identity(tls: &TlsFiles) -> Result<TlsIdentity, Problems> {
    let chain = read_certificates(&tls.certificate_file, "listen.certificate_file");
    let key = secret_file::read_lines(&tls.key_file, "listen.key_file");
    match (chain, key) {
        (Ok(certificate_chain), Ok(key)) => {
            let private_key = Secret::new(Box::new(key.expose_secret().as_bytes().to_vec()));
            Ok(TlsIdentity { certificate_chain, private_key })
        }
        (chain, key) => Err(Problems(chain.err().into_iter().chain(key.err()).collect())),
    }
}

/// Why a certificate and its key cannot be used.
pub(super) fn unfit(tls: &TlsFiles, fault: &BadTlsIdentity) -> Problem {
    let remedy = "name a certificate chain and its own private key, both in PEM";
    Problem::of_file(&tls.certificate_file, "listen.certificate_file", fault.to_string(), remedy)
}

/// Whether each of the certificates can be trusted. Whoever connects would find out, and not say which file it is.
fn are_authorities(pem: &[u8]) -> bool {
    let mut roots = RootCertStore::empty();
    CertificateDer::pem_slice_iter(pem).all(|read| read.is_ok_and(|certificate| roots.add(certificate).is_ok()))
}

/// A public file of certificates; who may read it does not matter.
fn read_certificates(path: &Path, key: &str) -> Result<Vec<u8>, Problem> {
    let fault = |what: String| Problem::of_file(path, key, what, "name a file of certificates in PEM");
    config::check_regular(path, key)?;
    let pem = fs::read(path).map_err(|error| fault(format!("cannot be read: {}", because(&error))))?;
    let text = str::from_utf8(&pem).unwrap_or_default();
    let found = text.contains("-----BEGIN CERTIFICATE-----");
    if found { Ok(pem) } else { Err(fault("holds no certificate".to_owned())) }
}
