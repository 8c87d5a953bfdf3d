//! Why a server can't be reached, in our words and with what to do about it.

use std::io;

use mongodb::error::{Error as DriverError, ErrorKind};

use crate::foreign::told;

/// What to do about a server that is away.
pub(super) const REACH: &str = "see that the server is up and can be reached from here";

const NAME: &str = "see that its host's name is right and known here";

const CREDENTIALS: &str = "correct user, password or authSource in its address";

/// Why a server can't be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cause {
    /// What was said.
    pub(super) what: String,
    /// What a person can do about it.
    pub(super) remedy: &'static str,
    /// Whether the server ended the conversation before it answered at all.
    hung_up: bool,
}

impl Cause {
    /// What a person can do about it.
    pub(super) fn advice(&self, way: Way) -> String {
        let hint = match way {
            Way::Plain if self.hung_up => "; if it wants TLS, add tls=true to its address",
            Way::Encrypted if self.hung_up => "; if it has no TLS, remove tls=true from its address",
            Way::Plain | Way::Encrypted | Way::Proven => "",
        };
        format!("{}{hint}", self.remedy)
    }
}

/// How servers are spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// In a way in which one has answered already.
    Proven,
    /// Without TLS, and none has answered yet.
    Plain,
    /// With TLS, and none has answered yet.
    Encrypted,
}

/// What TLS may fail of, as rustls says it, and what to do about that.
const TLS: [(&str, &str); 10] = [
    ("UnknownIssuer", "name the certificate of its authority in tlsCAFile"),
    ("BadSignature", "name the certificate of its authority in tlsCAFile"),
    ("not valid for name", "use a host name in its address that its certificate has"),
    ("NotValidForName", "use a host name in its address that its certificate has"),
    ("xpired", "renew its certificate"),
    ("NotValidYet", "see whether the clocks here and there are right"),
    ("not valid yet", "see whether the clocks here and there are right"),
    ("InvalidContentType", "remove tls=true from its address if it has no TLS"),
    ("CertificateRequired", "name a certificate with its key for this client in tlsCertificateKeyFile"),
    ("CertificateUnknown", "see whether it knows the authority of the certificate in tlsCertificateKeyFile"),
];

/// What the driver says of a connection that could not be made or was lost.
pub(super) fn cause(error: &DriverError) -> Cause {
    let of = |what: String, remedy| Cause { what: told(&what), remedy, hung_up: false };
    if let ErrorKind::Io(error) = &*error.kind {
        return of_io(error);
    }
    if let ErrorKind::Authentication { message, .. } = &*error.kind {
        return of(message.clone(), CREDENTIALS);
    }
    if let ErrorKind::InvalidTlsConfig { message, .. } = &*error.kind {
        return of(message.clone(), "see to tlsCAFile and tlsCertificateKeyFile in its address");
    }
    if matches!(&*error.kind, ErrorKind::DnsResolve { .. }) {
        return of(error.kind.to_string(), NAME);
    }
    if let ErrorKind::ConnectionPoolCleared { message, .. } = &*error.kind {
        // From `Connection pool for ADDRESS cleared because another operation failed with: Kind: …, labels: {…}…`.
        let said = message.split_once("failed with: ").map_or(message.as_str(), |(_, said)| said);
        return of(innermost(said), REACH);
    }
    of(error.kind.to_string(), REACH)
}

/// Whether a user was refused.
pub(super) fn is_about_users(error: &DriverError) -> bool {
    matches!(&*error.kind, ErrorKind::Authentication { .. })
}

fn of_io(error: &io::Error) -> Cause {
    let what = told(&error.to_string());
    let hung_up = matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset);
    let remedy = if error.kind() == io::ErrorKind::InvalidData {
        let known = TLS.iter().find(|(words, _)| what.contains(words));
        known.map_or("see to TLS in its address and on the server", |(_, remedy)| remedy)
    } else if what.contains("lookup address") {
        NAME
    } else {
        REACH
    };
    Cause { what, remedy, hung_up }
}

/// From `Kind: I/O error: Connection refused (os error 111), labels: {…}…`.
pub(super) fn innermost(said: &str) -> String {
    let said = said.strip_prefix("Kind: ").unwrap_or(said);
    said.split(", labels:").next().unwrap_or(said).trim().to_owned()
}
