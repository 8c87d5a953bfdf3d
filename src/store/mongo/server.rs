//! The servers behind one connection string, and the one client that this process has for them.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use mongodb::Client;
use mongodb::options::{
    ClientOptions, ConnectionString, HostInfo, ReadConcern, ReadPreference, SelectionCriteria, ServerAddress,
    WriteConcern,
};
use tokio::sync::OnceCell;

use super::trouble::Trouble;
use crate::flow::Secret;
use crate::store::Error;

/// How long to look for a server that can do what is wanted, and to connect to one: a database that is away is noticed
/// within seconds.
const SELECTION: Duration = Duration::from_secs(5);

/// How long a majority may take to have a write.
const MAJORITY: Duration = Duration::from_secs(8);

/// Connections to each server. Thousands of flows share them: most are idle at any time.
const MOST_CONNECTIONS: u32 = 32;

/// A connection that nobody needed for so long is closed.
const IDLE: Duration = Duration::from_secs(120);

/// Servers that hold databases.
pub(super) struct Server {
    uri: Secret,
    password: Option<Secret>,
    /// As messages name them: without user and password.
    shown: String,
    client: OnceCell<Client>,
    /// The databases whose indexes this process has seen to.
    prepared: Mutex<BTreeSet<String>>,
}

impl Server {
    /// Touches nothing yet.
    pub(super) fn new(uri: Secret) -> Result<Self, Error> {
        let parsed = ConnectionString::parse(uri.expose()).map_err(|why| unreadable(&uri, &why))?;
        let shown = match &parsed.host_info {
            HostInfo::HostIdentifiers(hosts) => {
                let hosts: Vec<_> = hosts.iter().map(ServerAddress::to_string).collect();
                format!("mongodb://{}", hosts.join(","))
            }
            HostInfo::DnsRecord(name) => format!("mongodb+srv://{name}"),
            _ => "mongodb".to_owned(),
        };
        let password = parsed.credential.and_then(|credential| credential.password).map(Secret::new);
        Ok(Self { uri, password, shown, client: OnceCell::new(), prepared: Mutex::default() })
    }

    /// How messages name a database there.
    pub(super) fn place(&self, database: &str) -> String {
        format!("{}/{database}", self.shown)
    }

    /// The client; made at first use, as a `mongodb+srv` address has to be asked for.
    pub(super) async fn client(&self) -> Result<&Client, Trouble> {
        let make = async || Ok(Client::with_options(settled(ClientOptions::parse(self.uri.expose()).await?))?);
        self.client.get_or_try_init(make).await
    }

    /// Whether the indexes of this database were seen to in this process.
    pub(super) fn is_prepared(&self, database: &str) -> bool {
        self.prepared.lock().unwrap_or_else(PoisonError::into_inner).contains(database)
    }

    /// They are now.
    pub(super) fn set_prepared(&self, database: &str) {
        self.prepared.lock().unwrap_or_else(PoisonError::into_inner).insert(database.to_owned());
    }

    /// They may not be there any more.
    pub(super) fn set_unprepared(&self, database: &str) {
        self.prepared.lock().unwrap_or_else(PoisonError::into_inner).remove(database);
    }

    /// `text` without the password, in any form in which a library may repeat it.
    pub(super) fn scrubbed(&self, text: &str) -> String {
        let raw = userinfo(self.uri.expose()).and_then(|user| user.split_once(':')).map(|(_, raw)| raw);
        let parsed = self.password.as_ref().map(Secret::expose);
        let known = [raw, parsed].into_iter().flatten().filter(|password| !password.is_empty());
        known.fold(text.to_owned(), |text, password| text.replace(password, "***"))
    }
}

/// What we need whatever the connection string says, and what it may say otherwise.
fn settled(mut options: ClientOptions) -> ClientOptions {
    options.app_name.get_or_insert("lockstep".to_owned());
    options.server_selection_timeout.get_or_insert(SELECTION);
    options.connect_timeout.get_or_insert(SELECTION);
    options.max_pool_size.get_or_insert(MOST_CONNECTIONS);
    options.max_idle_time.get_or_insert(IDLE);
    // What is acknowledged survives the loss of any server, and what is read was never lost: nothing less will do.
    let asked = options.write_concern.take();
    let mut majority = WriteConcern::majority();
    majority.w_timeout = asked.as_ref().and_then(|asked| asked.w_timeout).or(Some(MAJORITY));
    majority.journal = asked.and_then(|asked| asked.journal).filter(|journal| *journal);
    options.write_concern = Some(majority);
    options.read_concern = Some(ReadConcern::majority());
    options.selection_criteria = Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
    options
}

/// User and password as they are written.
fn userinfo(uri: &str) -> Option<&str> {
    let rest = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    rest.rsplit_once('@').map(|(user, _)| user)
}

/// What the library says of a string that it can't read may repeat any part of it.
fn unreadable(uri: &Secret, why: &mongodb::error::Error) -> Error {
    let said = why.kind.to_string();
    let parts = userinfo(uri.expose()).unwrap_or_default();
    let repeats = parts.split(|c: char| !c.is_alphanumeric()).any(|part| !part.is_empty() && said.contains(part));
    let what = if repeats { "user or password has a character that must be written as %XX".to_owned() } else { said };
    let form = "mongodb://[USER:PASSWORD@]HOST[:PORT][,...][/?OPTIONS]";
    let why = format!("its address can't be read: {what}; write it as {form}, or mongodb+srv://");
    Error::Unavailable { place: "the MongoDB database".to_owned(), why }
}
