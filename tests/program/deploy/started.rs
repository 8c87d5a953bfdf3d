//! The program, started with the variables that the files give it.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::facts;
use testing::daemon::{Daemon, lockstep};

/// As the files name it, but for this prefix.
const CONFIGURATION: &str = "/etc/lockstep";

#[test]
fn the_program_starts_with_the_variables_of_the_systemd_unit() {
    let place = Place::new();
    let given: Vec<_> = facts::unit("Environment").iter().map(|pair| pair.replace("%d", CONFIGURATION)).collect();
    let pairs = given.iter().map(|pair| pair.split_once('=').unwrap());
    place.starts_with(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect());
}

#[test]
fn the_program_starts_with_the_variables_of_the_pod_on_mongodb() {
    let Some(built) = facts::built("overlays/mongodb") else { return };
    let documents = super::tools::yaml(built.path());
    let deployment = documents.iter().find(|it| it["kind"] == "Deployment").unwrap();
    let env = facts::pod(deployment)["containers"][0]["env"].as_array().unwrap();
    let text = |pair: &Value, key: &str| pair[key].as_str().unwrap().to_owned();
    let place = Place::new();
    place.starts_with(env.iter().map(|pair| (text(pair, "name"), text(pair, "value"))).collect());
}

/// What the files expect to be there.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        for folder in ["flows", "flows.d", "secrets", "data"] {
            fs::create_dir(place.0.path().join(folder)).unwrap();
        }
        let store = format!("sqlite:{}", place.0.path().join("data").display());
        for (name, text) in [("store", store.as_str()), ("api-token", "a-token-of-the-api")] {
            fs::write(place.0.path().join(name), format!("{text}\n")).unwrap();
            fs::write(place.0.path().join("secrets").join(name), format!("{text}\n")).unwrap();
        }
        place
    }

    fn starts_with(&self, env: Vec<(String, String)>) {
        let here = |text: String| text.replace(CONFIGURATION, self.path().to_str().unwrap());
        let env: Vec<_> = env.into_iter().map(|(name, value)| (name, here(value))).collect();
        let daemon = Daemon::of(lockstep(&["run", "--listen", "127.0.0.1:0"], &env));
        assert_eq!(daemon.get("/readyz").status, 200);
        let token = "Authorization: Bearer a-token-of-the-api\r\n";
        let answer = testing::asking::ask(&daemon.address(), "GET", "/api/v1/flows", token, &Value::Null);
        assert_eq!(answer.status, 200, "the API's token is that of the file");
        assert!(self.path().join("data").read_dir().unwrap().next().is_some(), "the store is that of the file");
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}
