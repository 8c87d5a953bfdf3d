//! What MongoDB says, in our words and with what to do about it.

use std::time::Duration;

use mongodb::bson::Document;
use mongodb::error::{CommandError, Error as DriverError, ErrorKind, WriteFailure};

use super::server::Server;
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

/// What a person can do about it.
const REMEDIES: [(i32, &str); 7] = [
    (13, "give its user the role readWrite on this database"),
    (18, "correct user and password in its address"),
    (8000, "correct user and password in its address"),
    (14031, "make room on the server's disk"),
    (50, "see what keeps the server busy"),
    (64, "see that a majority of the replica set's members is up"),
    (20, "make the server a replica set: a single mongod will do"),
];

/// The longest that is repeated of what a library says.
const LONGEST: usize = 300;

impl Trouble {
    /// As the caller is told, naming the database and never a password.
    pub(super) fn at(self, server: &Server, database: &str) -> Error {
        let place = server.place(database);
        match self {
            Self::Driver(error) => Error::Unavailable { place, why: server.scrubbed(&from_driver(&error)) },
            Self::Said { code, message } => {
                Error::Unavailable { place, why: server.scrubbed(&with_remedy(code, &message)) }
            }
            Self::Unfit(why) => Error::Unreadable { place, why },
            Self::Unusable(why) => Error::Unavailable { place, why },
            Self::InUse { by } => Error::InUse { place, by },
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
            Self::Driver(error) => match &*error.kind {
                ErrorKind::Io(_) | ErrorKind::ConnectionPoolCleared { .. } => true,
                _ => code(error).is_some_and(|code| CHANGING.contains(&code)),
            },
            Self::Said { code, .. } => CHANGING.contains(code),
            Self::Unfit(_) | Self::Unusable(_) | Self::InUse { .. } | Self::Late(_) | Self::Refused(_) => false,
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
    match &*error.kind {
        ErrorKind::Command(CommandError { code, .. }) => Some(*code),
        ErrorKind::Write(WriteFailure::WriteError(error)) => Some(error.code),
        ErrorKind::Write(WriteFailure::WriteConcernError(error)) => Some(error.code),
        _ => None,
    }
}

/// What a server said, without the driver's wrapping.
pub(super) fn message(error: &DriverError) -> String {
    match &*error.kind {
        ErrorKind::Command(error) => error.message.clone(),
        ErrorKind::Write(WriteFailure::WriteError(error)) => error.message.clone(),
        ErrorKind::Write(WriteFailure::WriteConcernError(error)) => error.message.clone(),
        other => other.to_string(),
    }
}

fn from_driver(error: &DriverError) -> String {
    match &*error.kind {
        ErrorKind::Authentication { message, .. } => {
            format!("{}; correct user and password in its address", shortened(message))
        }
        ErrorKind::ServerSelection { message, .. } => from_selection(message),
        ErrorKind::Io(why) => format!("{why}; see that the server is up and can be reached from here"),
        ErrorKind::DnsResolve { message, .. } => {
            format!("its address can't be found: {}; see that the host's name is right", shortened(message))
        }
        ErrorKind::InvalidTlsConfig { message, .. } => {
            format!("{}; see to tlsCAFile and tlsCertificateKeyFile in its address", shortened(message))
        }
        _ => code(error).map_or_else(|| shortened(&message(error)), |code| with_remedy(code, &message(error))),
    }
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
    let remedy = "see that the server is up and can be reached from here";
    if causes.iter().any(|cause| cause.contains("uthentication")) {
        return format!("{}; correct user and password in its address", shortened(&causes.join(", ")));
    }
    match (causes.is_empty(), said.contains("ReplicaSetNoPrimary")) {
        (false, _) => format!("no server can be used: {}; {remedy}", shortened(&causes.join(", "))),
        (true, true) => "its replica set has no primary; it elects one when a majority of its members is up".to_owned(),
        (true, false) => format!("no server answers; {remedy}"),
    }
}

/// From `Kind: I/O error: Connection refused (os error 111), labels: {…}…`.
fn cause_of(said: &str) -> String {
    let said = said.strip_prefix("Kind: ").unwrap_or(said);
    said.split(", labels:").next().unwrap_or(said).trim().to_owned()
}

fn shortened(said: &str) -> String {
    let line: String = said.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST).collect();
    if line.len() < said.len() { format!("{line}…") } else { line }
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
