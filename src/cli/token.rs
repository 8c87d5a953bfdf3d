//! The token of the admin API: given, or made once and kept beside the data.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::env;
use crate::clock::{Clock, Entropy};
use crate::flow::Secret;
use crate::settings::StoreUrl;

/// By which it may be given.
const VARIABLE: &str = "LOCKSTEP_API_TOKEN";

/// Where it is kept if nobody gives one.
const FILE: &str = "api-token";

/// The token that a daemon asks for. Made if there is none, and kept beside the data: nobody but this user may read the
/// file. Without a data folder nobody gets to know it, so that nobody gives orders until one is given.
pub(super) fn served(
    file: Option<&Path>,
    store: &StoreUrl,
    clock: &Clock,
    entropy: &Entropy,
) -> anyhow::Result<Secret> {
    if let Some(token) = given(file)? {
        return Ok(token);
    }
    let made = || [entropy.id(clock.wall()), entropy.id(clock.wall())].map(|id| id.simple().to_string()).concat();
    let Some(kept) = kept_in(store) else {
        tracing::warn!("nobody can give orders over HTTP: set {VARIABLE}, or name a file with --api-token-file");
        return Ok(Secret::new(made()));
    };
    if !kept.exists() {
        let token = made();
        keep(&kept, &token).with_context(|| format!("can't keep the API's token in {}", kept.display()))?;
    }
    read(&kept)
}

/// The token to ask a daemon with. The one beside the data is shown to a daemon on this machine only.
pub(super) fn known(file: Option<&Path>, store: &StoreUrl, is_here: bool) -> anyhow::Result<Secret> {
    if let Some(token) = given(file)? {
        return Ok(token);
    }
    if !is_here {
        bail!("a token is needed for a daemon elsewhere: set {VARIABLE}, or name a file with --api-token-file");
    }
    let no_token =
        || format!("no token: set {VARIABLE}, name a file with --api-token-file, or the daemon's data with --store");
    match kept_in(store) {
        Some(kept) => read(&kept).with_context(no_token),
        None => bail!(no_token()),
    }
}

fn given(file: Option<&Path>) -> anyhow::Result<Option<Secret>> {
    match (file, env(VARIABLE).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())) {
        (Some(file), _) => read(file).map(Some),
        (None, text) => Ok(text.map(Secret::new)),
    }
}

fn kept_in(store: &StoreUrl) -> Option<PathBuf> {
    match store {
        StoreUrl::Sqlite(folder) => Some(folder.join(FILE)),
        StoreUrl::Mongo(_) => None,
    }
}

fn read(file: &Path) -> anyhow::Result<Secret> {
    let text =
        fs::read_to_string(file).with_context(|| format!("can't read the API's token from {}", file.display()))?;
    match text.trim() {
        "" => bail!("there is no token in {}; write one, or remove the file", file.display()),
        token => Ok(Secret::new(token.to_owned())),
    }
}

/// All of it or nothing: a half-written token would be taken for one.
fn keep(file: &Path, token: &str) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let new = file.with_extension("new");
    let mut writing: File = File::options().create(true).write(true).truncate(true).mode(0o600).open(&new)?;
    writing.set_permissions(fs::Permissions::from_mode(0o600))?;
    writeln!(writing, "{token}")?;
    writing.sync_all()?;
    fs::rename(&new, file)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn made(folder: &Path, seed: u64) -> Secret {
        let clock = Clock::simulated(DateTime::UNIX_EPOCH);
        served(None, &StoreUrl::Sqlite(folder.to_owned()), &clock, &Entropy::seeded(seed)).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_made_once_and_only_its_user_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let token = made(&data, 1);
        assert_eq!(token.expose().len(), 64);
        assert_eq!(made(&data, 2), token, "it is kept");
        assert_eq!(fs::metadata(data.join(FILE)).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(known(None, &StoreUrl::Sqlite(data.clone()), true).unwrap(), token);
        let why = known(None, &StoreUrl::Sqlite(data), false).unwrap_err().to_string();
        assert!(why.contains("LOCKSTEP_API_TOKEN") && !why.contains(token.expose()), "{why}");
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_data_folder_nobody_knows_the_token_until_one_is_given() {
        let store = StoreUrl::Mongo(crate::store::mongo_url("mongodb://h").unwrap());
        let clock = Clock::simulated(DateTime::UNIX_EPOCH);
        let made = served(None, &store, &clock, &Entropy::seeded(1)).unwrap();
        assert_eq!(made.expose().len(), 64);
        assert!(known(None, &store, true).unwrap_err().to_string().contains("set LOCKSTEP_API_TOKEN"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_file_without_a_token_is_no_open_door() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        fs::write(&file, "\n").unwrap();
        let store = StoreUrl::Sqlite(folder.path().to_owned());
        let clock = Clock::simulated(DateTime::UNIX_EPOCH);
        assert!(served(Some(&file), &store, &clock, &Entropy::seeded(1)).is_err());
        fs::write(&file, "hunter2\n").unwrap();
        assert_eq!(served(Some(&file), &store, &clock, &Entropy::seeded(1)).unwrap().expose(), "hunter2");
    }
}
