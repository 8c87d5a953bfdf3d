//! Who a new comment is for.

use serde_json::Value;

use super::answer::Complaints;
use super::call::Call;
use super::wire::identifier;
use crate::accounts::Account;
use crate::flavour::Flavour;
use crate::state::State;
use crate::visibility::Visibility;

/// An author can only write what they can read: the group or role must be one of the author's own.
pub(super) fn read(state: &State, call: &Call, value: &Value) -> Result<Option<Visibility>, Complaints> {
    if value.is_null() {
        return Ok(None);
    }
    let refused = |message: &str| Complaints::about("commentLevel", message);
    let (own, kind): (fn(&Account) -> Vec<Visibility>, _) = match value["type"].as_str() {
        Some("role") => (own_roles, "project role"),
        Some("group") => (own_groups, "group"),
        _ => return Err(refused("A comment can be restricted to a 'group' or to a 'role'.")),
    };
    // Only Cloud has identifiers; there one counts more than a name, since names can change.
    let by_id = value["identifier"].as_str().filter(|_| call.flavour == Flavour::Cloud);
    let wanted = by_id.or(value["value"].as_str()).ok_or_else(|| refused("A group or role must be named."))?;
    let fits = |it: &Visibility| if by_id.is_some() { identifier(it) == wanted } else { it.name() == wanted };
    let found = state.accounts.get(&call.account).and_then(|author| own(author).into_iter().find(fits));
    found.map(Some).ok_or_else(|| refused(&format!("You are currently not a member of the {kind}: {wanted}.")))
}

fn own_roles(author: &Account) -> Vec<Visibility> {
    author.roles.iter().cloned().map(Visibility::Role).collect()
}

fn own_groups(author: &Account) -> Vec<Visibility> {
    author.groups.iter().cloned().map(Visibility::Group).collect()
}
