//! What MongoDB says, in our words and with what to do about it.

use std::time::Duration;

use mongodb::bson::Document;
use mongodb::error::{Error as DriverError, ErrorKind, WriteFailure};

use super::server::Server;
use crate::descriptors;
use crate::foreign::{ENOUGH, told};
use crate::store::Error;
use crate::store::record::Unfit;

/// Why work on a database failed, before the database is named.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The driver or a server said so.
    Driver(DriverError),
    /// A server said so of a command whose answer we read ourselves.
    Said { code: i32, message: String },
    /// The database holds what this version can't read.
    Unfit(String),
    /// The database is another flow's, not there, or not ready.
    Unusable(String),
    /// Another process serves this flow.
    InUse { by: String },
    /// No answer in time.
    Late(Duration),
    /// A condition of the caller's did not hold; the database is fine.
    Refused(Error),
}

/// A field that must be unique has a value twice.
pub(super) const DUPLICATE_KEY: i32 = 11000;

/// The server is not the primary any more, or on its way out. As the driver has them.
const CHANGING: [i32; 13] = [11600, 11602, 10107, 13435, 13436, 189, 91, 7, 6, 89, 9001, 134, 262];

const CREDENTIALS: &str = "correct user and password in its address";

const REACH: &str = "see that the server is up and can be reached from here";

/// What a person can do about it.
const REMEDIES: [(i32, &str); 7] = [
    (13, "give its user the role readWrite on this database"),
    (18, CREDENTIALS),
    (8000, CREDENTIALS),
    (14031, "make room on the server's disk"),
    (50, "see what keeps the server busy"),
    (64, "see that a majority of the replica set's members is up"),
    (20, "make the server a replica set: a single mongod will do"),
];

impl Trouble {
    /// As the caller is told, naming the database and never a password.
    pub(super) fn at(self, server: &Server, database: &str) -> Error {
        let place = server.place(database);
        match self {
            Self::Driver(error) => {
                let said = descriptors::explained_text(from_driver(&error));
                Error::Unavailable { place, why: server.scrubbed(&said) }
            }
            Self::Said { code, message } => {
                Error::Unavailable { place, why: server.scrubbed(&with_remedy(code, &message)) }
            }
            Self::Unfit(why) => Error::Unreadable { place, why: server.scrubbed(&why) },
            Self::Unusable(why) => Error::Unavailable { place, why: server.scrubbed(&why) },
            Self::InUse { by } => Error::InUse { place, by: told(&by) },
            Self::Late(limit) => Error::Unavailable {
                place,
                why: format!("no answer within {} s; see what keeps the server busy", limit.as_secs()),
            },
            Self::Refused(error) => error,
        }
    }

    /// Whether the same may succeed at once on another connection or server: only for what can be done twice.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Driver(error) => is_lost(error) || code(error).is_some_and(|code| CHANGING.contains(&code)),
            Self::Said { code, .. } => CHANGING.contains(code),
            Self::Unfit(_) | Self::Unusable(_) | Self::InUse { .. } | Self::Late(_) | Self::Refused(_) => false,
        }
    }

    /// The server's number for it, if a server said it.
    pub(super) fn code(&self) -> Option<i32> {
        match self {
            Self::Driver(error) => code(error),
            Self::Said { code, .. } => Some(*code),
            Self::Unfit(_) | Self::Unusable(_) | Self::InUse { .. } | Self::Late(_) | Self::Refused(_) => None,
        }
    }

    /// Whether a field that must be unique has a value twice.
    pub(super) fn is_duplicate(&self) -> bool {
        match self {
            Self::Driver(error) => code(error) == Some(DUPLICATE_KEY),
            Self::Said { code, .. } => *code == DUPLICATE_KEY,
            Self::Unfit(_) | Self::Unusable(_) | Self::InUse { .. } | Self::Late(_) | Self::Refused(_) => false,
        }
    }

    /// From an entry of `writeErrors` or a `writeConcernError`.
    pub(super) fn said(entry: &Document) -> Self {
        let message = entry.get_str("errmsg").unwrap_or("no reason given").to_owned();
        Self::Said { code: entry.get_i32("code").unwrap_or_default(), message }
    }
}

/// The server's number for an error, if it is a server's.
pub(super) fn code(error: &DriverError) -> Option<i32> {
    server_said(error).map(|(code, _)| code)
}

/// What a server said, without the driver's wrapping.
pub(super) fn message(error: &DriverError) -> String {
    server_said(error).map_or_else(|| error.kind.to_string(), |(_, message)| message.to_owned())
}

fn server_said(error: &DriverError) -> Option<(i32, &str)> {
    if let ErrorKind::Command(said) = &*error.kind {
        return Some((said.code, &said.message));
    }
    if let ErrorKind::Write(WriteFailure::WriteError(said)) = &*error.kind {
        return Some((said.code, &said.message));
    }
    if let ErrorKind::Write(WriteFailure::WriteConcernError(said)) = &*error.kind {
        return Some((said.code, &said.message));
    }
    None
}

/// Whether the way to the server broke.
fn is_lost(error: &DriverError) -> bool {
    matches!(&*error.kind, ErrorKind::Io(_) | ErrorKind::ConnectionPoolCleared { .. })
}

fn from_driver(error: &DriverError) -> String {
    let remedy = remedy_of_kind(&error.kind);
    if let ErrorKind::ServerSelection { message, .. } = &*error.kind {
        return from_selection(message);
    }
    match (server_said(error), remedy) {
        (Some((code, said)), _) => with_remedy(code, said),
        (None, Some(remedy)) => format!("{}; {remedy}", shortened(&error.kind.to_string())),
        (None, None) => shortened(&error.kind.to_string()),
    }
}

/// What a person can do about what is no server's saying.
fn remedy_of_kind(kind: &ErrorKind) -> Option<&'static str> {
    [
        (matches!(kind, ErrorKind::Authentication { .. }), CREDENTIALS),
        (matches!(kind, ErrorKind::Io(_)), REACH),
        (matches!(kind, ErrorKind::DnsResolve { .. }), "see that the host's name in its address is right"),
        (
            matches!(kind, ErrorKind::InvalidTlsConfig { .. }),
            "see to tlsCAFile and tlsCertificateKeyFile in its address",
        ),
    ]
    .into_iter()
    .find_map(|(is, remedy)| is.then_some(remedy))
}

fn with_remedy(code: i32, said: &str) -> String {
    let said = shortened(said);
    match REMEDIES.iter().find(|(known, _)| *known == code) {
        Some((_, remedy)) => format!("{said}; {remedy}"),
        None => said,
    }
}

/// The driver describes all that it knows of the servers; what matters is what the last attempts died of.
fn from_selection(said: &str) -> String {
    let mut causes: Vec<String> = Vec::new();
    for cause in said.split("Error: ").skip(1).map(cause_of) {
        if !causes.contains(&cause) {
            causes.push(cause);
        }
    }
    if causes.iter().any(|cause| cause.contains("uthentication")) {
        return format!("{}; {CREDENTIALS}", shortened(&causes.join(", ")));
    }
    match (causes.is_empty(), said.contains("ReplicaSetNoPrimary")) {
        (false, _) => format!("no server can be used: {}; {REACH}", shortened(&causes.join(", "))),
        (true, true) => "its replica set has no primary; it elects one when a majority of its members is up".to_owned(),
        (true, false) => format!("no server answers; {REACH}"),
    }
}

/// From `Kind: I/O error: Connection refused (os error 111), labels: {…}…`.
fn cause_of(said: &str) -> String {
    let said = said.strip_prefix("Kind: ").unwrap_or(said);
    said.split(", labels:").next().unwrap_or(said).trim().to_owned()
}

fn shortened(said: &str) -> String {
    let line = told(said);
    if line.chars().count() == ENOUGH { format!("{line}…") } else { line }
}

impl From<DriverError> for Trouble {
    fn from(error: DriverError) -> Self {
        Self::Driver(error)
    }
}

impl From<Unfit> for Trouble {
    fn from(unfit: Unfit) -> Self {
        let remedy = "run the version that wrote it, or restore it from a backup";
        Self::Unfit(format!("{unfit}; {remedy}"))
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}
