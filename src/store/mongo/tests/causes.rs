//! Why a server can't be used, as a real one lets it be known.

use std::sync::LazyLock;

use super::messages::{refused, servers};
use super::*;
use crate::store::contract::odd::{Alone, Inside, SET, testdata};
use crate::store::contract::{ROOT, Replica};

/// It asks everybody who they are, and its set knows it by another address.
pub(super) static GUARDED: LazyLock<Inside> = LazyLock::new(Inside::new);

/// It talks TLS only, and is in no replica set.
static ENCRYPTED: LazyLock<Alone> = LazyLock::new(Alone::with_tls);

static NEVER_INITIATED: LazyLock<Alone> = LazyLock::new(Alone::never_initiated);

const SOON: &str = "serverSelectionTimeoutMS=1500";

/// `USER@ADDRESS/REST` of the guarded server.
fn guarded(rest: &str) -> String {
    let (name, password) = ROOT;
    format!("mongodb://{name}:{password}@{}/{rest}&{SOON}", GUARDED.address())
}

fn encrypted(options: &str) -> String {
    format!("mongodb://{}/?{options}&{SOON}", ENCRYPTED.address())
}

fn authority() -> String {
    format!("tlsCAFile={}", testdata("authority.pem").display())
}

/// What is said holds all these words.
async fn told(uri: &str, words: &[&str]) {
    let said = refused(uri).await;
    for word in words {
        assert!(said.contains(word), "{uri}: {said}");
    }
}

async fn works(uri: &str) {
    let flow = flow("causes");
    let worker = servers().at(&mongo_url(uri).unwrap()).database(&flow);
    worker.begin().await.unwrap();
    worker.close().await;
}

#[tokio::test]
async fn whoever_looks_is_told_that_the_server_is_away_whether_or_not_there_is_a_seat() {
    let away = servers().at(&mongo_url("mongodb://u:hunter2@127.0.0.1:1").unwrap());
    let reader = away.read(&flow("sync-ab"));
    for end in futures::future::join_all((0..6).map(|_| reader.state())).await {
        let said = end.unwrap_err().to_string();
        assert!(said.contains("no server can be used: 127.0.0.1:1: Connection refused"), "{said}");
        assert!(said.ends_with("see that the server is up and can be reached from here"), "{said}");
    }
}

#[tokio::test]
async fn a_member_known_by_its_inside_name_only_is_named_with_what_helps() {
    let words = [
        &*format!("knows its only member as {}, which can't be reached from here (", GUARDED.name),
        "add directConnection=true to its address",
    ];
    told(&guarded("?retryWrites=true"), &words).await;
    told(&guarded(&format!("?replicaSet={SET}")), &words).await;
    works(&guarded("?directConnection=true")).await;
}

#[tokio::test]
async fn a_set_that_was_never_initiated_is_told_of() {
    let words = [&*NEVER_INITIATED.address(), "was never initiated", "run rs.initiate() on it once"];
    for options in ["", "replicaSet=rs&", "directConnection=true&"] {
        told(&format!("mongodb://{}/?{options}{SOON}", NEVER_INITIATED.address()), &words).await;
    }
}

#[tokio::test]
async fn a_wrong_name_of_the_set_is_told_with_the_right_one() {
    let place = Replica::shared().place();
    for options in ["", "directConnection=true&"] {
        let words = [&*format!("is called {SET}, and not other"), "correct replicaSet in its address"];
        told(&format!("{place}/?{options}replicaSet=other&{SOON}"), &words).await;
    }
    let words = ["is a standalone server, and no member of a replica set other; remove replicaSet"];
    told(&encrypted(&format!("replicaSet=other&{}", authority())), &words).await;
}

#[tokio::test]
async fn a_user_who_is_looked_for_in_the_wrong_database_is_told_where() {
    for (rest, source) in
        [("jira?", "jira"), ("?authSource=elsewhere&", "elsewhere"), ("jira?authSource=none&", "none")]
    {
        let words = [
            "uthentication failed",
            &*format!("its user is looked for in the database {source}"),
            "correct user, password or authSource in its address",
        ];
        told(&guarded(&format!("{rest}directConnection=true")), &words).await;
    }
}

#[tokio::test]
async fn an_address_without_a_user_is_told_to_name_one() {
    let uri = format!("mongodb://{}/?directConnection=true&{SOON}", GUARDED.address());
    told(&uri, &["requires authentication; put a user and its password into its address"]).await;
}

#[tokio::test]
async fn a_file_of_authorities_without_a_certificate_is_named() {
    let empty = ENCRYPTED.file("empty.pem", "# nothing yet\n");
    let said = format!("there is no certificate in PEM format in {empty}, which tlsCAFile names; put it there");
    told(&encrypted(&format!("tlsCAFile={empty}")), &[&said]).await;
    told(&encrypted("tlsCAFile=/no/where.pem"), &["/no/where.pem, which tlsCAFile names, can't be read: No such file"])
        .await;
    let key = format!("{}&tlsCertificateKeyFile=/no/key.pem", authority());
    told(&encrypted(&key), &["/no/key.pem, which tlsCertificateKeyFile names, can't be read: No such file"]).await;
}

#[tokio::test]
async fn a_standalone_server_keeps_what_a_worker_writes() {
    let flow = flow("alone");
    let worker = servers().at(&mongo_url(&encrypted(&authority())).unwrap()).database(&flow);
    for round in 1..=2 {
        let epoch = worker.begin().await.unwrap();
        let state = reading(&worker).state().await.unwrap();
        assert_eq!((epoch.0, state.revision.0), (round, round - 1));
        let batch = vec![
            Change::AddIntent(intent(&format!("i-{round}"), IntentKind::Create, round)),
            Change::PutPair(pair(round, 20 + round)),
            Change::PutHandled(Side::User, user(round), handled("Open")),
            Change::PutState(state),
        ];
        worker.write(epoch, batch).await.unwrap();
        worker.close().await;
    }
    let pairs = reading(&worker).page::<Pair>(None, 9).await.unwrap();
    assert_eq!(
        (pairs, reading(&worker).open_intents(u32::MAX).await.unwrap().len()),
        (vec![pair(1, 21), pair(2, 22)], 2)
    );
    assert!(!reading(&worker).state().await.unwrap().pairs_lost, "they are counted");
}

#[tokio::test]
async fn what_is_wrong_with_certificates_is_told_with_what_helps() {
    let port = ENCRYPTED.address().rsplit(':').next().unwrap().to_owned();
    told(&encrypted("tls=true"), &["UnknownIssuer; name the certificate of its authority in tlsCAFile"]).await;
    let other_name = format!("mongodb://127.0.0.2:{port}/?{}&{SOON}", authority());
    told(&other_name, &["not valid for name", "use a host name in its address that its certificate has"]).await;
    told(&encrypted("tls=false"), &["if it wants TLS, add tls=true to its address"]).await;
    let plain = format!("{}&tls=true&{SOON}", Replica::shared().uri());
    told(&plain, &["if it has no TLS, remove tls=true from its address"]).await;
    works(&encrypted(&authority())).await;
}
