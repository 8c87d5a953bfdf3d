//! The servers behind one connection string, and the one client that this process has for them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use mongodb::Client;
use mongodb::options::{ClientOptions, ReadConcern, ReadPreference, SelectionCriteria, Tls, WriteConcern};
use parking_lot::Mutex;
use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::monitor::{Asked, Monitor};
use super::reach::Way;
use super::sightings::Sightings;
use super::trouble::Trouble;
use crate::settings::MongoUrl;
use crate::store::Durability;
use crate::store::turn::Turns;

/// The longest to look for a server that can do what is wanted: a database that is away is noticed within seconds, and
/// whoever only looks (for 5 s) is told why.
const SELECTION: Duration = Duration::from_secs(4);

/// How long to connect to a server, unless its address says otherwise.
const CONNECTING: Duration = Duration::from_secs(5);

/// How long a majority may take to have a write.
const MAJORITY: Duration = Duration::from_secs(8);

/// Connections to each server. Thousands of flows share them: most are idle at any time.
const MOST_CONNECTIONS: u32 = 32;

/// A connection that nobody needed for so long is closed.
const IDLE: Duration = Duration::from_secs(120);

/// How a certificate begins in PEM format.
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----";

/// Databases that are made at the same time. A server makes a few in a second, whoever asks: if a thousand did, none would
/// be done in time.
pub(super) const BEGINNINGS: usize = 8;

/// Servers that hold databases.
pub(super) struct Server {
    url: MongoUrl,
    durability: Durability,
    client: OnceCell<(Client, Asked)>,
    monitor: Monitor,
    beginnings: Turns,
    /// The databases whose indexes this process has seen to.
    prepared: Mutex<BTreeSet<String>>,
    sightings: Arc<Sightings>,
}

impl Server {
    /// Touches nothing yet.
    pub(super) fn new(url: MongoUrl, durability: Durability, sightings: Arc<Sightings>) -> Self {
        let beginnings = Turns::at_once(BEGINNINGS);
        let (client, monitor) = (OnceCell::new(), Monitor::default());
        Self { url, durability, client, monitor, beginnings, prepared: Mutex::default(), sightings }
    }

    /// How messages name a database there.
    pub(super) fn place(&self, database: &str) -> String {
        format!("{}/{database}", self.url)
    }

    /// The client; made at first use, as a `mongodb+srv` address has to be asked for.
    pub(super) async fn client(&self) -> Result<&Client, Trouble> {
        let make = async || {
            let mut options = settled(ClientOptions::parse(self.url.expose()).await?, self.durability);
            refuse_unusable_files(&options).await?;
            options.sdam_event_handler = Some(self.monitor.handler());
            let asked = Asked::of(&options);
            Ok((Client::with_options(options)?, asked))
        };
        self.client.get_or_try_init(make).await.map(|(client, _)| client)
    }

    /// Why no server can be used, as far as is known; `None` if one can.
    pub(super) fn trouble(&self) -> Option<String> {
        self.monitor.trouble(self.asked()?)
    }

    /// [`Server::trouble`] for people: without the password.
    pub(super) fn in_the_way(&self) -> Option<String> {
        self.trouble().map(|why| self.scrubbed(&why))
    }

    /// The database in which the user is looked for, if the address has one.
    pub(super) fn user_of(&self) -> Option<&str> {
        self.asked()?.user_of.as_deref()
    }

    /// Whether the address names no user.
    pub(super) fn is_anonymous(&self) -> bool {
        self.asked().is_some_and(|asked| asked.user_of.is_none())
    }

    /// How its servers are spoken to.
    pub(super) fn way(&self) -> Way {
        self.asked().map_or(Way::Proven, |asked| self.monitor.way(asked))
    }

    /// Known from the first use on.
    fn asked(&self) -> Option<&Asked> {
        self.client.get().map(|(_, asked)| asked)
    }

    /// Whose turn it is to make a database.
    pub(super) fn beginnings(&self) -> &Turns {
        &self.beginnings
    }

    /// Whether the indexes of this database were seen to in this process.
    pub(super) fn is_prepared(&self, database: &str) -> bool {
        self.prepared.lock().contains(database)
    }

    /// They are now.
    pub(super) fn set_prepared(&self, database: &str) {
        self.prepared.lock().insert(database.to_owned());
    }

    /// They may not be there any more.
    pub(super) fn set_unprepared(&self, database: &str) {
        self.prepared.lock().remove(database);
    }

    /// Notes at `now` when a foreign database was written last, and tells whether its owner was seen to write lately.
    pub(super) fn is_written(&self, database: &str, last: Option<DateTime<Utc>>, now: Instant) -> bool {
        self.sightings.is_written(&self.place(database), last, now)
    }

    /// `said` without the password.
    pub(super) fn scrubbed(&self, said: &str) -> String {
        self.url.scrubbed(said)
    }
}

/// The driver takes a file of authorities without any, and then trusts no server; of a key that is not there it does not
/// say the name.
async fn refuse_unusable_files(options: &ClientOptions) -> Result<(), Trouble> {
    let Some(Tls::Enabled(tls)) = &options.tls else { return Ok(()) };
    let files = [("tlsCAFile", &tls.ca_file_path), ("tlsCertificateKeyFile", &tls.cert_key_file_path)];
    for (option, path) in files.into_iter().filter_map(|(option, path)| Some((option, path.as_ref()?))) {
        let text = tokio::fs::read(path).await.map_err(|error| {
            Trouble::Unusable(format!("{}, which {option} names, can't be read: {error}; correct it", path.display()))
        })?;
        if !String::from_utf8_lossy(&text).contains(CERTIFICATE) {
            let what = "there is no certificate in PEM format";
            return Err(Trouble::Unusable(format!("{what} in {}, which {option} names; put it there", path.display())));
        }
    }
    Ok(())
}

/// What we need whatever the connection string says, and what it may say otherwise.
fn settled(mut options: ClientOptions, durability: Durability) -> ClientOptions {
    options.app_name.get_or_insert("lockstep".to_owned());
    options.server_selection_timeout =
        options.server_selection_timeout.map(|asked| asked.min(SELECTION)).or(Some(SELECTION));
    options.connect_timeout.get_or_insert(CONNECTING);
    options.max_pool_size.get_or_insert(MOST_CONNECTIONS);
    options.max_idle_time.get_or_insert(IDLE);
    // What is acknowledged survives the loss of any server, and what is read was never lost: nothing less will do. It
    // survives the loss of all at once even where their replica set is configured not to wait for journals.
    let mut durable = WriteConcern::majority();
    durable.journal = Some(durability == Durability::PowerFailure);
    durable.w_timeout = options.write_concern.take().and_then(|asked| asked.w_timeout).or(Some(MAJORITY));
    options.write_concern = Some(durable);
    options.read_concern = Some(ReadConcern::majority());
    options.selection_criteria = Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
    options
}
