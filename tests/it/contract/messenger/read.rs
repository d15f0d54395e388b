//! Reads mail with Python's `email`, which has nothing in common with what wrote it.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::support::smtp::python;

const PROGRAM: &str = r"
import email, email.policy, json, sys
message = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default.clone(utf8=True))
headers = {}
for name, value in message.items():
    headers.setdefault(name.lower(), []).append(str(value))
text, html = (message.get_body((kind,)) for kind in ('plain', 'html'))
defects = [repr(defect) for part in message.walk() for defect in part.defects]
json.dump({'headers': headers, 'kind': message.get_content_type(), 'defects': defects,
           'envelope_to': headers.get('x-envelope-to', []),
           'text': text.get_content().replace('\r\n', '\n'),
           'html': html.get_content().replace('\r\n', '\n')}, sys.stdout)
";

/// A message as another program understands it.
#[derive(Debug, Deserialize)]
pub(super) struct Mail {
    pub(super) headers: BTreeMap<String, Vec<String>>,
    pub(super) kind: String,
    pub(super) text: String,
    pub(super) html: String,
    /// The recipients of the SMTP envelope; none where there was no SMTP.
    pub(super) envelope_to: Vec<String>,
    /// What the other program finds wrong with it.
    pub(super) defects: Vec<String>,
}

impl Mail {
    pub(super) fn read(raw: &[u8]) -> Self {
        let mut child =
            Command::new(python()).args(["-c", PROGRAM]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(raw).unwrap();
        let output = child.wait_with_output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// The message without the lines that the SMTP server of the tests puts in front.
    pub(super) fn without_envelope(raw: &[u8]) -> Vec<u8> {
        let text = String::from_utf8(raw.to_vec()).unwrap();
        text.split_inclusive('\n').filter(|line| !line.starts_with("X-Envelope-")).collect::<String>().into_bytes()
    }
}
