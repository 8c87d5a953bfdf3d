//! Which store a process uses: named by a flag, a variable, or a file that one of these names.

use std::path::{Path, PathBuf};

use super::store_url::{ReadMongo, StoreUrl};
use super::{Env, WrongSetting, set};
use crate::files::{SecretLine, others_have_access, secret_line};

/// The flags that name a store, as typed on the command line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreFlags {
    /// `--store`.
    pub url: Option<String>,
    /// `--store-file`.
    pub file: Option<PathBuf>,
}

/// A store, with warnings about how it was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedStore {
    /// The store.
    pub url: StoreUrl,
    /// Warnings for the operator.
    pub warnings: Vec<String>,
}

/// Only the store: from `flags`, `DATABASE_URL`, the file that `DATABASE_URL_FILE` names, else `sqlite:./data`.
///
/// # Errors
/// When what they name is not a store. The error repeats nothing that may be secret.
pub fn store(env: Env<'_>, flags: &StoreFlags, mongo: ReadMongo) -> Result<NamedStore, WrongSetting> {
    let variables = [set(env, "DATABASE_URL"), set(env, "DATABASE_URL_FILE")];
    match (&flags.url, &flags.file, variables) {
        (Some(_), Some(_), _) => Err(wrong("--store-file", "--store is given too; keep one of them")),
        (Some(url), None, _) => {
            let named = named("--store", url, mongo)?;
            Ok(NamedStore { warnings: seen_by_all(&named.url).into_iter().chain(named.warnings).collect(), ..named })
        }
        (None, Some(file), _) => in_file("--store-file", file, mongo),
        (None, None, [Some(_), Some(_)]) => {
            Err(wrong("DATABASE_URL_FILE", "DATABASE_URL is set too; keep one of them"))
        }
        (None, None, [None, Some(file)]) => in_file("DATABASE_URL_FILE", Path::new(file.trim()), mongo),
        (None, None, [url, None]) => named("DATABASE_URL", url.as_deref().unwrap_or("sqlite:./data"), mongo),
    }
}

fn named(name: &'static str, url: &str, mongo: ReadMongo) -> Result<NamedStore, WrongSetting> {
    let url = StoreUrl::read(url, mongo).map_err(|why| wrong(name, &why.to_string()))?;
    Ok(NamedStore { warnings: url.warning().into_iter().collect(), url })
}

fn in_file(name: &'static str, file: &Path, mongo: ReadMongo) -> Result<NamedStore, WrongSetting> {
    let place = file.display();
    let SecretLine { text, open_to_others } =
        secret_line(file).map_err(|why| wrong(name, &format!("the file {place} {why}; write the address into it")))?;
    let named = named(name, &text, mongo)?;
    let open = open_to_others.map(|mode| format!("{name}: the file {place}: {}", others_have_access(mode)));
    Ok(NamedStore { warnings: open.into_iter().chain(named.warnings).collect(), ..named })
}

/// The warning about a password in an argument: every user can read the list of processes.
fn seen_by_all(url: &StoreUrl) -> Option<String> {
    let StoreUrl::Mongo(url) = url else { return None };
    let why = "--store: every user of this machine sees its password in the list of processes; set DATABASE_URL, or name a \
               file with the address in --store-file or DATABASE_URL_FILE";
    url.has_password().then(|| why.to_owned())
}

fn wrong(name: &'static str, why: &str) -> WrongSetting {
    WrongSetting { name, why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const SECRET: &str = "mongodb://u:hunter2@db/jira";

    fn told(env: &[(&str, &str)], url: Option<&str>, file: Option<&Path>) -> Result<NamedStore, String> {
        let env = |name: &str| env.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
        let flags = StoreFlags { url: url.map(str::to_owned), file: file.map(Path::to_owned) };
        store(&env, &flags, crate::store::mongo_url).map_err(|wrong| wrong.to_string())
    }

    #[test]
    fn an_address_may_stand_in_a_file_that_a_flag_or_a_variable_names() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("store");
        fs::write(&file, format!("\u{feff}{SECRET}\n")).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
        let expected =
            NamedStore { url: crate::store::mongo_url(SECRET).map(StoreUrl::Mongo).unwrap(), warnings: vec![] };
        let name = file.to_str().unwrap();
        assert_eq!(told(&[("DATABASE_URL", " "), ("DATABASE_URL_FILE", name)], None, None), Ok(expected.clone()));
        assert_eq!(told(&[("DATABASE_URL", "no store")], None, Some(&file)), Ok(expected));
        fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
        let open = told(&[], None, Some(&file)).unwrap().warnings;
        assert!(open.len() == 1 && open[0].contains(name) && !open[0].contains("hunter2"), "{open:?}");
    }

    #[test]
    fn a_password_among_the_arguments_is_warned_of_without_repeating_it() {
        let warnings = |url| told(&[], Some(url), None).unwrap().warnings;
        let [warning] = &warnings(SECRET)[..] else { panic!("{:?}", warnings(SECRET)) };
        assert!(warning.contains("DATABASE_URL") && !warning.contains("hunter2"), "{warning}");
        assert_eq!(warnings("mongodb://db/jira"), [""; 0]);
        assert_eq!(told(&[("DATABASE_URL", SECRET)], None, None).unwrap().warnings, [""; 0]);
    }

    #[test]
    fn two_addresses_and_files_without_one_are_refused() {
        let both = told(&[("DATABASE_URL", SECRET), ("DATABASE_URL_FILE", "/x")], None, None).unwrap_err();
        assert_eq!(both, "DATABASE_URL_FILE: DATABASE_URL is set too; keep one of them");
        let missing = told(&[], None, Some(Path::new("/nowhere/store"))).unwrap_err();
        assert!(missing.starts_with("--store-file: the file /nowhere/store cannot be read"), "{missing}");
    }
}
