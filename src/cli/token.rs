//! The token of the API: given by the operator, or generated once and kept in the data folder.

use std::fs::Permissions;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};
use tempfile::NamedTempFile;

use super::env;
use crate::clock::{Clock, Entropy};
use crate::files::{self, SecretLine};
use crate::flow::Secret;
use crate::settings::StoreUrl;

/// The variable that may hold the token.
const VARIABLE: &str = "LOCKSTEP_API_TOKEN";

/// The variable that may name the file with the token.
const FILE_VARIABLE: &str = "LOCKSTEP_API_TOKEN_FILE";

/// The file in the data folder that holds a generated token.
const FILE: &str = "api-token";

/// How to give a token, for messages: "set …".
const HOW: &str = "LOCKSTEP_API_TOKEN, or name a file in LOCKSTEP_API_TOKEN_FILE or with --api-token-file";

/// The token that the daemon requires. Generated if none is given, and kept in the data folder: only this user may read the
/// file. Without a data folder a generated token is shown nowhere, so the API can't be used until a token is given.
pub(super) fn required(
    file: Option<&Path>,
    store: &StoreUrl,
    clock: &Clock,
    entropy: &Entropy,
) -> anyhow::Result<Secret> {
    if let Some(given) = given(file, &env)? {
        given.warnings().iter().for_each(|warning| tracing::warn!("{warning}"));
        return Ok(given.token);
    }
    let made = || [entropy.id(clock.wall()), entropy.id(clock.wall())].map(|id| id.simple().to_string()).concat();
    let Some(kept) = kept_in(store) else {
        tracing::warn!("no token is set for the API, so it can't be used: set {HOW}");
        return Ok(Secret::new(made()));
    };
    if !kept.exists() {
        let token = made();
        keep(&kept, &token).with_context(|| format!("can't keep the API's token in {}", kept.display()))?;
    }
    let kept = Given::from_file(&kept)?;
    kept.warnings().iter().for_each(|warning| tracing::warn!("{warning}"));
    Ok(kept.token)
}

/// The token for requests to a daemon. The one in the data folder is sent to a daemon on this machine only.
pub(super) fn for_requests(file: Option<&Path>, store: &StoreUrl, is_here: bool) -> anyhow::Result<Secret> {
    if let Some(given) = given(file, &env)? {
        return Ok(given.token);
    }
    if !is_here {
        bail!("a token is needed for a daemon elsewhere: set {HOW}");
    }
    let no_token = || format!("no token: set {HOW}, or name the daemon's data with --store");
    match kept_in(store) {
        Some(kept) => Ok(Given::from_file(&kept).with_context(no_token)?.token),
        None => bail!(no_token()),
    }
}

/// A token, and what is known of where it comes from.
struct Given {
    token: Secret,
    /// What names its place in messages.
    place: String,
    open_to_others: Option<u32>,
}

impl Given {
    fn from_file(file: &Path) -> anyhow::Result<Self> {
        let place = format!("the file {} with the API's token", file.display());
        let SecretLine { text, open_to_others } =
            files::secret_line(file).map_err(|why| anyhow!("{place} {why}; write a token into it, or remove it"))?;
        Ok(Self { token: Secret::new(text), place, open_to_others })
    }

    /// Warnings for the operator.
    fn warnings(&self) -> Vec<String> {
        let open = self.open_to_others.map(|mode| format!("{}: {}", self.place, files::others_have_access(mode)));
        let unfit = self.token.unfit().map(|why| format!("{}: the token {why}", self.place));
        open.into_iter().chain(unfit).collect()
    }
}

fn given(file: Option<&Path>, env: &dyn Fn(&str) -> Option<String>) -> anyhow::Result<Option<Given>> {
    let set = |name| env(name).map(|text| files::trimmed(&text).to_owned()).filter(|text| !text.is_empty());
    match (file, set(VARIABLE), set(FILE_VARIABLE)) {
        (Some(file), _, _) => Given::from_file(file).map(Some),
        (None, Some(_), Some(_)) => bail!("{VARIABLE} and {FILE_VARIABLE} are both set; keep one of them"),
        (None, Some(text), None) => {
            Ok(Some(Given { token: Secret::new(text), place: VARIABLE.to_owned(), open_to_others: None }))
        }
        (None, None, Some(file)) => Given::from_file(Path::new(&file)).map(Some),
        (None, None, None) => Ok(None),
    }
}

fn kept_in(store: &StoreUrl) -> Option<PathBuf> {
    match store {
        StoreUrl::Sqlite(folder) => Some(folder.join(FILE)),
        StoreUrl::Mongo(_) => None,
    }
}

/// All of it or nothing: a half-written token would be taken for one. No link that another user put there is followed:
/// the file is a new one, under a name that was free.
fn keep(file: &Path, token: &str) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    files::make_folder(folder)?;
    let mut new = NamedTempFile::new_in(folder)?;
    new.as_file().set_permissions(Permissions::from_mode(0o600))?;
    writeln!(new, "{token}")?;
    new.as_file().sync_all()?;
    new.persist(file)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use chrono::DateTime;

    use super::*;

    fn made(folder: &Path, seed: u64) -> Secret {
        let clock = Clock::simulated(DateTime::UNIX_EPOCH);
        required(None, &StoreUrl::Sqlite(folder.to_owned()), &clock, &Entropy::seeded(seed)).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_made_once_and_only_its_user_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let token = made(&data, 1);
        assert_eq!(token.expose().len(), 64);
        assert_eq!(made(&data, 2), token, "it is kept");
        assert_eq!(fs::metadata(data.join(FILE)).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(for_requests(None, &StoreUrl::Sqlite(data.clone()), true).unwrap(), token);
        let why = for_requests(None, &StoreUrl::Sqlite(data), false).unwrap_err().to_string();
        assert!(why.contains("LOCKSTEP_API_TOKEN") && !why.contains(token.expose()), "{why}");
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_data_folder_the_token_is_not_known_until_one_is_given() {
        let store = StoreUrl::Mongo(crate::store::mongo_url("mongodb://h").unwrap());
        let clock = Clock::simulated(DateTime::UNIX_EPOCH);
        let made = required(None, &store, &clock, &Entropy::seeded(1)).unwrap();
        assert_eq!(made.expose().len(), 64);
        assert!(for_requests(None, &store, true).unwrap_err().to_string().contains("set LOCKSTEP_API_TOKEN"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_file_without_a_token_is_no_open_door() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        fs::write(&file, "\n").unwrap();
        let store = StoreUrl::Sqlite(folder.path().to_owned());
        let clock = Clock::simulated(DateTime::UNIX_EPOCH);
        assert!(required(Some(&file), &store, &clock, &Entropy::seeded(1)).is_err());
        fs::write(&file, "hunter2\n").unwrap();
        assert_eq!(required(Some(&file), &store, &clock, &Entropy::seeded(1)).unwrap().expose(), "hunter2");
    }

    #[tokio::test(start_paused = true)]
    async fn no_link_is_followed_when_a_token_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let victim = folder.path().join("victim");
        fs::write(&victim, "of another").unwrap();
        let data = folder.path().join("data");
        fs::create_dir(&data).unwrap();
        symlink(&victim, data.join("api-token.new")).unwrap();
        symlink(folder.path().join("elsewhere"), data.join(FILE)).unwrap();
        let token = made(&data, 1);
        assert_eq!(fs::read_to_string(&victim).unwrap(), "of another");
        assert!(!folder.path().join("elsewhere").exists());
        assert_eq!(fs::read_to_string(data.join(FILE)).unwrap().trim(), token.expose());
    }

    #[test]
    fn a_token_may_stand_in_a_variable_or_in_a_file_that_one_names() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        fs::write(&file, "\u{feff}hunter2\n").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
        let named = file.to_str().unwrap();
        let with = |all: &[(&str, &str)]| {
            given(None, &|name| all.iter().find(|(it, _)| *it == name).map(|(_, value)| (*value).to_owned()))
        };
        let from_file = with(&[(FILE_VARIABLE, named), (VARIABLE, " ")]).unwrap().unwrap();
        assert_eq!(from_file.token.expose(), "hunter2");
        let [warning] = &from_file.warnings()[..] else { panic!("{:?}", from_file.warnings()) };
        assert!(warning.contains(named) && warning.contains("every user") && !warning.contains("hunter2"), "{warning}");
        let short = with(&[(VARIABLE, "x")]).unwrap().unwrap();
        assert!(short.warnings()[0].contains("one character"), "{:?}", short.warnings());
        assert!(with(&[(VARIABLE, "a"), (FILE_VARIABLE, named)]).is_err());
        assert!(with(&[]).unwrap().is_none());
    }
}
