//! Accounts, as other accounts look them up.

use serde_json::Value;

use super::answer::Answer;
use super::call::Call;
use super::wire::Wire;
use crate::accounts::Account;
use crate::flavour::Flavour;
use crate::state::State;

/// The most accounts that a search answers.
const MOST: usize = 1000;

/// One account: by `accountId` on Cloud, by `username` or `key` on Data Center.
pub(super) fn show(state: &State, call: &Call) -> Result<Answer, Answer> {
    let found = match call.flavour {
        Flavour::Cloud => {
            let id = call.query("accountId");
            let id = id.ok_or_else(|| Answer::bad("The accountId query parameter must be provided."))?;
            let gone = || Answer::missing("Specified user does not exist or you do not have required permissions");
            state.accounts.get(id).ok_or_else(gone)?
        }
        Flavour::DataCenter => {
            let (name, key) = (call.query("username"), call.query("key"));
            let wanted = name.or(key).ok_or_else(|| {
                Answer::bad("Either the 'username' or the 'key' query parameters need to be provided")
            })?;
            let is_meant = |account: &&Account| match name {
                Some(name) => account.user_name.eq_ignore_ascii_case(name),
                None => account.id == wanted,
            };
            let gone = || Answer::missing(&format!("The user named '{wanted}' does not exist"));
            state.accounts.all().find(is_meant).ok_or_else(gone)?
        }
    };
    Ok(Answer::ok(Wire::new(state, call).user(&found.id)))
}

/// The accounts whose names begin so: `query` on Cloud, `username` on Data Center.
pub(super) fn search(state: &State, call: &Call) -> Result<Answer, Answer> {
    let wanted = match call.flavour {
        Flavour::Cloud => call.query("query").or(call.query("accountId")),
        Flavour::DataCenter => call.query("username"),
    };
    let missing = match call.flavour {
        Flavour::Cloud => "The query parameters must include query, accountId or property.",
        Flavour::DataCenter => "The username query parameter was not provided",
    };
    let wanted = wanted.ok_or_else(|| Answer::bad(missing))?.to_lowercase();
    let start = call.number("startAt")?.unwrap_or(0);
    let most = call.number("maxResults")?.unwrap_or(50).min(MOST);
    let begins = |text: &str| text.to_lowercase().split_whitespace().any(|word| word.starts_with(&wanted));
    let fits = |account: &&Account| {
        // On Data Center a point stands for all users.
        wanted.is_empty()
            || wanted == "."
            || account.id.eq_ignore_ascii_case(&wanted)
            || [&account.name, &account.email, &account.user_name].into_iter().any(|text| begins(text))
    };
    let wire = Wire::new(state, call);
    let found = state.accounts.all().filter(fits).skip(start).take(most);
    Ok(Answer::ok(found.map(|account| wire.user(&account.id)).collect::<Vec<Value>>().into()))
}
