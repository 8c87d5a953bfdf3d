//! The accounts of a site, and what they may do.

use std::collections::BTreeMap;

use chrono_tz::Tz;

use super::permissions::{Permission, Permissions};

/// An account on the site, of a person or a program.
#[derive(Clone, Debug)]
pub struct Account {
    /// Jira's `accountId`.
    pub id: String,
    /// Jira's `displayName`.
    pub name: String,
    /// With the token, what the account logs in with.
    pub email: String,
    /// The API token; who has an empty one cannot use the API.
    pub token: String,
    /// In this zone the site writes times for this account, and reads the dates of its JQL.
    pub time_zone: Tz,
    /// Data Center's `name`, by which its people log in; the part of the e-mail address before the `@` unless changed.
    pub user_name: String,
    /// What may stand in the token's place when logging in by name; only Data Center takes passwords. Empty for none.
    pub password: String,
    /// Whether even the account itself is not shown its e-mail address and time zone.
    pub hides_profile: bool,
    /// Whether too many failed logins made Jira insist on a CAPTCHA, which no program can solve: its name and password
    /// or token are refused until a person has logged in. Only Data Center does that.
    pub must_solve_captcha: bool,
    /// Names of the groups it is in. Comments may be for one group only.
    pub groups: Vec<String>,
    /// Names of the roles it has in every project. Comments may be for one role only.
    pub roles: Vec<String>,
}

impl Account {
    /// An account that logs in with this e-mail address and token, and shows its profile.
    pub fn new(id: &str, name: &str, email: &str, token: &str, time_zone: Tz) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            email: email.into(),
            token: token.into(),
            time_zone,
            user_name: email.split('@').next().unwrap_or_default().into(),
            password: String::new(),
            hides_profile: false,
            must_solve_captcha: false,
            groups: Vec::new(),
            roles: Vec::new(),
        }
    }
}

/// All accounts and their permissions.
pub(super) struct Accounts {
    by_id: BTreeMap<String, Account>,
    permissions: Permissions,
}

impl Accounts {
    pub(super) fn new(accounts: &[Account], permissions: &Permissions) -> Self {
        let by_id = accounts.iter().map(|it| (it.id.clone(), it.clone())).collect();
        Self { by_id, permissions: permissions.clone() }
    }

    /// All accounts, by id.
    pub(super) fn all(&self) -> impl Iterator<Item = &Account> {
        self.by_id.values()
    }

    /// The account of this id.
    pub(super) fn get(&self, id: &str) -> Option<&Account> {
        self.by_id.get(id)
    }

    /// The account of this id, to be changed.
    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut Account> {
        self.by_id.get_mut(id)
    }

    /// Adds an account, unless there is one of its id.
    pub(super) fn add(&mut self, account: Account) {
        self.by_id.entry(account.id.clone()).or_insert(account);
    }

    /// The name of an account; the id itself if there is no such account.
    pub(super) fn name_of<'a>(&'a self, id: &'a str) -> &'a str {
        self.get(id).map_or(id, |it| &it.name)
    }

    /// Whether the account has the permission in the project of this key.
    pub(super) fn may(&self, id: &str, project: &str, permission: Permission) -> bool {
        self.permissions.allow(id, project, permission)
    }

    pub(super) fn set_permissions(&mut self, permissions: Permissions) {
        self.permissions = permissions;
    }

    /// What was denied in a project stays denied under its new key.
    pub(super) fn rename_project(&mut self, from: &str, to: &str) {
        self.permissions.rename_project(from, to);
    }
}
