//! Single `mongod`s that are not as the others are: by themselves, never initiated, or known by another name inside.

use std::path::{Path, PathBuf};

use mongodb::bson::{Document, doc};
use tempfile::TempDir;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::member::Member;
use super::{PATIENCE, ROOT, direct, guard, on_a_thread, primary};

/// The name of the sets here.
pub const SET: &str = "lockstep-test";

/// One `mongod` as it is after its start.
pub struct Alone {
    member: Member,
    folder: TempDir,
}

impl Alone {
    /// In no replica set.
    pub fn standalone() -> Self {
        Self::with_arguments(|_| Vec::new())
    }

    /// A member of a set that was never initiated.
    pub fn never_initiated() -> Self {
        Self::with_arguments(|_| vec!["--replSet".into(), SET.into()])
    }

    /// In no replica set, with TLS only. Its certificate is for `localhost` and 127.0.0.1; it listens on 127.0.0.2 too.
    pub fn with_tls() -> Self {
        Self::with_arguments(|folder| {
            let both = ["server.pem", "server.key.pem"].map(|file| std::fs::read_to_string(testdata(file)).unwrap());
            let file = folder.join("both.pem");
            std::fs::write(&file, both.concat()).unwrap();
            let file = file.display().to_string();
            ["--tlsMode", "requireTLS", "--tlsCertificateKeyFile", &file, "--bind_ip", "127.0.0.1,127.0.0.2"]
                .map(str::to_owned)
                .to_vec()
        })
    }

    fn with_arguments(arguments: impl FnOnce(&Path) -> Vec<String>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let member = Member::start(&folder.path().join("0"), &arguments(folder.path()));
        Self { member, folder }
    }

    /// Its host and port.
    pub fn address(&self) -> String {
        self.member.address()
    }

    /// A file of this text, which lasts as long as the server.
    pub fn file(&self, name: &str, text: &str) -> String {
        let file = self.folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        file.display().to_string()
    }
}

/// Where the certificate of [`Alone::with_tls`] and that of its authority are.
pub fn testdata(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../src/jira/transport/testdata").join(file)
}

/// A replica set of one member as it is in a container: the set knows it by a name that leads nowhere outside. It asks
/// everybody who they are, and knows nobody but [`ROOT`].
pub struct Inside {
    member: Member,
    /// The member's address as the set knows it.
    pub name: String,
    _folder: TempDir,
}

impl Inside {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut arguments = guard(folder.path());
        arguments.extend(["--replSet".into(), SET.into()]);
        let member = Member::start(&folder.path().join("0"), &arguments);
        let address = member.address();
        // The name leads to the member as long as this takes.
        let name = on_a_thread(move || async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let name = listener.local_addr().unwrap().to_string();
            let mut leading = JoinSet::new();
            leading.spawn(lead(listener, address.clone()));
            let set = doc! { "_id": SET, "members": [{ "_id": 0, "host": &name }] };
            let admin = direct(&address).await;
            admin.run_command(doc! { "replSetInitiate": set }).await.unwrap();
            timeout(PATIENCE, primary(&[address])).await.expect("it becomes primary");
            let root = doc! { "createUser": ROOT.0, "pwd": ROOT.1, "roles": [{ "role": "root", "db": "admin" }] };
            admin.run_command(root).await.unwrap();
            name
        });
        Self { member, name, _folder: folder }
    }

    /// Its host and port as they are outside.
    pub fn address(&self) -> String {
        self.member.address()
    }

    /// Lets somebody in who may do this.
    pub fn admit(&self, (name, password): (&str, &str), roles: Vec<Document>) {
        let user = doc! { "createUser": name, "pwd": password, "roles": roles };
        self.with("admin", |admin| async move { admin.run_command(user).await.unwrap() });
    }

    /// Does something to a database as [`ROOT`].
    pub fn with<T, F>(&self, database: &str, work: impl FnOnce(mongodb::Database) -> F + Send) -> T
    where
        F: Future<Output = T>,
        T: Send,
    {
        let uri = format!("mongodb://{}:{}@{}/?directConnection=true", ROOT.0, ROOT.1, self.address());
        on_a_thread(move || async move {
            let client = mongodb::Client::with_uri_str(uri).await.unwrap();
            work(client.database(database)).await
        })
    }
}

async fn lead(listener: TcpListener, to: String) {
    let mut connections = JoinSet::new();
    while let Ok((mut one, _)) = listener.accept().await {
        let to = to.clone();
        connections.spawn(async move {
            if let Ok(mut other) = TcpStream::connect(to).await {
                // Whoever ends it ends it for both.
                let _ = copy_bidirectional(&mut one, &mut other).await;
            }
        });
    }
}
