//! A real `mongod` for tests: found on the PATH or fetched once, run on loopback as a replica set, ended with the process
//! that wanted it, however that ends.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, reason = "all of this is test")]
#![allow(clippy::new_without_default, missing_docs, reason = "names of tests' machinery mostly say enough")]

mod binary;
mod member;
pub mod odd;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::LazyLock;
use std::thread;
use std::time::Duration;

use mongodb::bson::{Bson, Document, doc};
use mongodb::options::ClientOptions;
use mongodb::{Client, Database};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use member::Member;

/// The longest that a replica set may take to have a primary, on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(90);

/// Between two looks.
const LOOK: Duration = Duration::from_millis(20);

/// Who may do anything where everybody is asked who they are.
pub const ROOT: (&str, &str) = ("root", "of-all-evil");

/// A replica set of this test process, stopped and removed when this value or the process is gone.
pub struct Replica {
    members: Vec<Member>,
    name: String,
    _folder: TempDir,
    guarded: bool,
}

impl Replica {
    /// The one that all tests of this process share: each takes databases with names of its own.
    pub fn shared() -> &'static Self {
        static SHARED: LazyLock<Replica> = LazyLock::new(|| Replica::of(1));
        &SHARED
    }

    /// As many members as that, with a primary. Blocks until it is there.
    pub fn of(members: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::in_folder(folder, members, &[])
    }

    /// One member with these further arguments.
    pub fn with_arguments(more: &[&str]) -> Self {
        let more: Vec<_> = more.iter().map(ToString::to_string).collect();
        Self::in_folder(tempfile::tempdir().unwrap(), 1, &more)
    }

    /// One member that asks everybody who they are, and knows nobody but [`ROOT`].
    pub fn guarded() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let arguments = guard(folder.path());
        let mut replica = Self::in_folder(folder, 1, &arguments);
        replica.admit(ROOT, doc! { "role": "root", "db": "admin" });
        replica.guarded = true;
        replica
    }

    /// Lets somebody in who may do this. The first one may come from this machine without being known.
    pub fn admit(&self, (name, password): (&str, &str), role: Document) {
        let user = doc! { "createUser": name, "pwd": password, "roles": [role] };
        self.with("admin", move |admin| async move { admin.run_command(user).await.unwrap() });
    }

    fn in_folder(folder: TempDir, members: usize, more: &[String]) -> Self {
        let name = odd::SET.to_owned();
        let more: Vec<_> = ["--replSet", &name].into_iter().map(str::to_owned).chain(more.iter().cloned()).collect();
        let start = |n: usize| Member::start(&folder.path().join(n.to_string()), &more);
        let members = (0..members).map(start).collect();
        let replica = Self { members, name, _folder: folder, guarded: false };
        let (initiate, first) = (replica.initiation(), replica.members[0].address());
        on_a_thread(move || async move {
            let admin = direct(&first).await;
            admin.run_command(doc! { "replSetInitiate": initiate }).await.unwrap();
        });
        replica.wait_for_primary();
        replica
    }

    /// How a program reaches it that does not say who it is.
    pub fn uri(&self) -> String {
        format!("{}/?replicaSet={}", self.place(), self.name)
    }

    /// How this user reaches it.
    pub fn uri_of(&self, (name, password): (&str, &str)) -> String {
        self.uri().replacen("mongodb://", &format!("mongodb://{name}:{password}@"), 1)
    }

    /// How messages name it.
    pub fn place(&self) -> String {
        let hosts: Vec<_> = self.members.iter().map(Member::address).collect();
        format!("mongodb://{}", hosts.join(","))
    }

    /// Kills one of its members as power failures do; its data stays.
    pub fn kill(&self, member: usize) {
        self.members[member].kill();
    }

    /// Starts one again that was killed, and waits until it listens.
    pub fn restart(&self, member: usize) {
        self.members[member].restart();
    }

    /// What a member said since it was started last.
    pub fn log(&self, member: usize) -> String {
        self.members[member].log()
    }

    /// Waits until one member is primary, and answers its place among the members.
    pub fn wait_for_primary(&self) -> usize {
        let addresses: Vec<_> = self.members.iter().map(Member::address).collect();
        on_a_thread(move || async move { timeout(PATIENCE, primary(&addresses)).await.expect("a primary is elected") })
    }

    /// Does something to a database by other means than the program's.
    pub fn with<T, F>(&self, database: &str, work: impl FnOnce(Database) -> F + Send) -> T
    where
        F: Future<Output = T>,
        T: Send,
    {
        let uri = if self.guarded { self.uri_of(ROOT) } else { self.uri() };
        on_a_thread(move || async move {
            let client = Client::with_uri_str(uri).await.unwrap();
            work(client.database(database)).await
        })
    }

    fn initiation(&self) -> Document {
        let members = (0_i32..).zip(&self.members);
        let members: Vec<Bson> =
            members.map(|(id, member)| doc! { "_id": id, "host": member.address() }.into()).collect();
        // Elections within a second or two, so that tests of lost primaries need not wait for the default of ten.
        let settings = doc! { "electionTimeoutMillis": 1000, "heartbeatIntervalMillis": 200 };
        // Some are configured so: what must survive has to be asked for.
        let waits_for_journals = false;
        doc! {
            "_id": self.name.as_str(),
            "members": members,
            "settings": settings,
            "writeConcernMajorityJournalDefault": waits_for_journals,
        }
    }
}

/// Has a `mongod` demand a user. `folder` holds the key by which members know each other.
fn guard(folder: &Path) -> Vec<String> {
    let key = folder.join("key");
    fs::write(&key, "a key among members").unwrap();
    fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    vec!["--auth".into(), "--keyFile".into(), key.display().to_string()]
}

async fn primary(addresses: &[String]) -> usize {
    loop {
        for (place, address) in addresses.iter().enumerate() {
            let said = direct(address).await.run_command(doc! { "hello": 1 }).await;
            if said.is_ok_and(|said| said.get_bool("isWritablePrimary").is_ok_and(|it| it)) {
                return place;
            }
        }
        sleep(LOOK).await;
    }
}

/// One member, whatever the others think of it.
async fn direct(address: &str) -> Database {
    let mut options = ClientOptions::parse(format!("mongodb://{address}/?directConnection=true")).await.unwrap();
    options.server_selection_timeout = Some(PATIENCE);
    Client::with_options(options).unwrap().database("admin")
}

/// Runs `work` on a runtime of its own, whatever clock the caller lives by.
fn on_a_thread<T, F>(work: impl FnOnce() -> F + Send) -> T
where
    F: Future<Output = T>,
    T: Send,
{
    let run = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work());
    thread::scope(|scope| scope.spawn(run).join().unwrap())
}
