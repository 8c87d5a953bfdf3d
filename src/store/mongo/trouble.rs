//! What MongoDB says, in our words and with what to do about it.

use std::time::Duration;

use mongodb::bson::Document;
use mongodb::error::{Error as DriverError, ErrorKind, WriteFailure};

use super::reach::{self, REACH};
use super::server::Server;
use crate::descriptors;
use crate::foreign::told;
use crate::store::Error;
use crate::store::read::Unusable;
use crate::store::records::Unfit;

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

/// The user may not do this; or no user is named.
pub(super) const NOT_AUTHORISED: i32 = 13;

/// The server is a secondary.
const NOT_PRIMARY: i32 = 10107;

/// The server is no primary, or no member of any set: what it says of itself tells why.
const UNFIT: [i32; 4] = [NOT_PRIMARY, 13435, 13436, 94];

/// With one connection to one member there is no looking for another one.
const DIRECT: &str = "if its address has directConnection=true, name the primary there, or all members without it";

/// A user is not known, or its password is wrong.
const UNKNOWN_USER: [i32; 2] = [18, ATLAS];

/// Refused by Atlas.
const ATLAS: i32 = 8000;

/// The server is not the primary any more, or on its way out. As the driver has them.
const CHANGING: [i32; 13] = [11600, 11602, 10107, 13435, 13436, 189, 91, 7, 6, 89, 9001, 134, 262];

/// What a person can do about it.
const REMEDIES: [(i32, &str); 6] = [
    (NOT_AUTHORISED, "give its user the role readWrite on this database"),
    (14031, "make room on the server's disk"),
    (50, "see what keeps the server busy"),
    (64, "see that a majority of the replica set's members is up"),
    (NOT_PRIMARY, DIRECT),
    (13435, DIRECT),
];

impl Trouble {
    /// As the caller is told, naming the database and never a password.
    pub(super) fn at(self, server: &Server, database: &str) -> Error {
        let place = server.place(database);
        match self {
            Self::Driver(error) => {
                let said = descriptors::explained_text(from_driver(&error, server));
                Error::Unavailable { place, why: server.scrubbed(&said) }
            }
            Self::Said { code, message } => {
                Error::Unavailable { place, why: server.scrubbed(&with_remedy(code, &message, server)) }
            }
            Self::Unfit(why) => Error::Unreadable { place, why: server.scrubbed(&why) },
            Self::Unusable(why) => Error::Unavailable { place, why: server.scrubbed(&why) },
            Self::InUse { by } => Error::InUse { place, by: told(&by) },
            Self::Late(limit) => {
                let why = server.in_the_way().unwrap_or_else(|| "see what keeps the server busy".to_owned());
                Error::Unavailable { place, why: format!("no answer within {} s; {why}", limit.as_secs()) }
            }
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

    /// Whether a server said that the user may not do this.
    pub(super) fn is_about_rights(&self) -> bool {
        let said = match self {
            Self::Driver(error) => server_said(error),
            Self::Said { code, message } => Some((*code, message.as_str())),
            Self::Unfit(_) | Self::Unusable(_) | Self::InUse { .. } | Self::Late(_) | Self::Refused(_) => None,
        };
        said.is_some_and(|(code, said)| is_about_rights(code, said))
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

fn from_driver(error: &DriverError, server: &Server) -> String {
    if let Some((code, said)) = server_said(error) {
        return with_remedy(code, said, server);
    }
    if let ErrorKind::ServerSelection { message, .. } = &*error.kind {
        return server.trouble().unwrap_or_else(|| from_selection(message));
    }
    if let ErrorKind::Authentication { message, .. } = &*error.kind {
        return unknown_user(message, server);
    }
    if matches!(&*error.kind, ErrorKind::ConnectionPoolCleared { .. }) {
        return server.trouble().unwrap_or_else(|| from_connection(error, server));
    }
    if is_of_connection(&error.kind) { from_connection(error, server) } else { told(&error.kind.to_string()) }
}

fn is_of_connection(kind: &ErrorKind) -> bool {
    matches!(kind, ErrorKind::Io(_) | ErrorKind::DnsResolve { .. } | ErrorKind::InvalidTlsConfig { .. })
}

fn from_connection(error: &DriverError, server: &Server) -> String {
    let cause = reach::cause(error);
    format!("{}; {}", cause.what, cause.advice(server.way()))
}

/// A server does not say whether user, password or database is wrong.
fn unknown_user(said: &str, server: &Server) -> String {
    let looked_for = server.user_of().map(|source| format!(" (its user is looked for in the database {source})"));
    let (said, looked_for) = (told(said), looked_for.unwrap_or_default());
    format!("{said}{looked_for}; correct user, password or authSource in its address")
}

/// Atlas has one number for all that it refuses (8000), and says what in words.
fn is_about_rights(code: i32, said: &str) -> bool {
    code == NOT_AUTHORISED || (code == ATLAS && said.contains("not allowed to do action"))
}

fn with_remedy(code: i32, said: &str, server: &Server) -> String {
    if UNKNOWN_USER.contains(&code) && !is_about_rights(code, said) {
        return unknown_user(said, server);
    }
    if let Some(why) = UNFIT.contains(&code).then(|| server.trouble()).flatten() {
        return why;
    }
    let said = told(said);
    if code == NOT_AUTHORISED && server.is_anonymous() {
        return format!("{said}; put a user and its password into its address");
    }
    let code = if is_about_rights(code, &said) { NOT_AUTHORISED } else { code };
    match REMEDIES.iter().find(|(known, _)| *known == code) {
        Some((_, remedy)) => format!("{said}; {remedy}"),
        None => said,
    }
}

/// Where the monitors know of nothing any more: the driver describes all that it knew of the servers, and what matters is
/// what the last attempts died of.
fn from_selection(said: &str) -> String {
    let mut causes: Vec<String> = Vec::new();
    for cause in said.split("Error: ").skip(1).map(reach::innermost) {
        if !causes.contains(&cause) {
            causes.push(cause);
        }
    }
    match (causes.is_empty(), said.contains("ReplicaSetNoPrimary")) {
        (false, _) => format!("no server can be used: {}; {REACH}", told(&causes.join(", "))),
        (true, true) => "its replica set has no primary; it elects one when a majority of its members is up".to_owned(),
        (true, false) => format!("no server answers; {REACH}"),
    }
}

impl From<DriverError> for Trouble {
    fn from(error: DriverError) -> Self {
        Self::Driver(error)
    }
}

impl From<Unfit> for Trouble {
    fn from(unfit: Unfit) -> Self {
        Self::Unfit(unreadable(&unfit))
    }
}

/// What is said of a document that this version can't read.
pub(super) fn unreadable(unfit: &Unfit) -> String {
    format!("{unfit}; run the version that wrote it, or restore it from a backup")
}

impl From<Unusable> for Trouble {
    fn from(why: Unusable) -> Self {
        match why {
            Unusable::Damaged(what) => Self::Unfit(format!(
                "it is damaged ({what}); restore it from a backup, or drop this database to begin anew"
            )),
            Unusable::Unfit(unfit) => unfit.into(),
        }
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}
