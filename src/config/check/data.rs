//! From the JSON of `issueTypeMap`, `fieldMap`, `repliedField` and `database` to what they mean.

use super::super::finding::Placed;
use super::super::raw::{self, FlowFile};
use super::Checker;
use crate::flow::{Database, DatabaseName, FieldCopy, FieldName, FlowName, NotA, Secret, TypeCopy, TypeName};
use crate::foreign::without_user_info;
use crate::settings::{NoStore, StoreUrl};

/// Ids and names of fields that Lockstep itself fills in each created issue.
const OWN_FIELDS: [&str; 10] = [
    "summary",
    "description",
    "issuetype",
    "issue type",
    "project",
    "status",
    "attachment",
    "attachments",
    "comment",
    "comments",
];

/// Databases that MongoDB reserves for itself.
const RESERVED: [&str; 3] = ["admin", "local", "config"];

impl Checker<'_> {
    pub fn field_map(&self, raw: &FlowFile) -> Vec<FieldCopy> {
        let mut copies: Vec<FieldCopy> = Vec::new();
        for (from, to) in raw.field_map.iter().flat_map(|map| &map.value.0) {
            let (Some(from), Some(target)) = (self.field(from), self.field(to)) else { continue };
            let own = OWN_FIELDS.iter().any(|own| target.is(own));
            let twice = copies.iter().any(|earlier| earlier.to == target);
            let free = self.demand(!own, to, "is a field that lockstep fills by itself; map another one")
                && self.demand(!twice, to, "is the target of an earlier entry too; each field can be filled once");
            if free {
                copies.push(FieldCopy { from, to: target });
            }
        }
        copies
    }

    pub fn issue_type_map(&self, raw: &FlowFile) -> Vec<TypeCopy> {
        let mut copies: Vec<TypeCopy> = Vec::new();
        for (from, to) in raw.issue_type_map.iter().flat_map(|map| &map.value.0) {
            let (Some(source), Some(target)) = (self.type_name(from), self.type_name(to)) else { continue };
            let same = |earlier: &TypeCopy| earlier.from.as_str().to_lowercase() == source.as_str().to_lowercase();
            let twice = copies.iter().any(same);
            if self.demand(!twice, from, "is mapped by an earlier entry too; each type becomes one other") {
                copies.push(TypeCopy { from: source, to: target });
            }
        }
        copies
    }

    pub fn type_name(&self, raw: &Placed<String>) -> Option<TypeName> {
        let name = TypeName::new(&raw.value);
        self.demand(name.is_some(), raw, "is empty; name an issue type");
        name
    }

    pub fn replied_field(&self, raw: &FlowFile) -> Option<FieldName> {
        raw.replied_field.as_ref().and_then(|raw| self.field(raw))
    }

    fn field(&self, raw: &Placed<String>) -> Option<FieldName> {
        let field = FieldName::new(&raw.value);
        self.demand(field.is_some(), raw, "is empty; name a field by its id or name");
        field
    }

    /// `flow` is `None` when the file has no valid name, which has been reported.
    pub fn database(&self, raw: &FlowFile, flow: Option<&FlowName>) -> Option<Database> {
        let named = raw.database.as_ref().map(|database| &database.value);
        let at = named.and_then(|database| database.uri.as_ref()).map(|uri| self.store_at(uri));
        let name: Option<DatabaseName> = match named.and_then(|database| database.name.as_ref()) {
            Some(raw) => raw.value.parse().map_err(|not: NotA| self.problem(raw, not.without_text())).ok(),
            None => flow.map(Into::into),
        };
        let name = name?;
        let reserved = RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(name.as_str()));
        if let (Some(place), true) = (named_by(raw), reserved) {
            self.problem(place, format!("\"{name}\" is a database of MongoDB's own; choose another name"));
        }
        let is_named = named.is_some_and(|database| database.name.is_some());
        let at = at.map_or(Some(None), |at| at.map(Some));
        Some(Database { name, is_named, at: at? })
    }

    /// The store at an address, whose path is relative to the flow file. Problems never repeat the address: it may hold
    /// a password.
    fn store_at(&self, raw: &Placed<Secret>) -> Option<StoreUrl> {
        let address = self.expanded(raw, raw.value.expose())?;
        let has_user = |address: &&str| without_user_info(address) != *address;
        [raw.value.expose(), &address].into_iter().filter(has_user).for_each(|address| self.findings.hide(address));
        match StoreUrl::read(&address, self.inputs.mongo) {
            Ok(StoreUrl::Sqlite(folder)) => Some(StoreUrl::Sqlite(self.folder.join(folder))),
            Ok(StoreUrl::Mongo(url)) => {
                url.warning().into_iter().for_each(|warning| self.warn(raw, warning));
                Some(StoreUrl::Mongo(url))
            }
            Err(no @ (NoStore::NoServer(_) | NoStore::NoFolder | NoStore::Unknown)) => {
                self.problem(raw, no.to_string());
                None
            }
        }
    }
}

/// The field from which the database's name is taken.
fn named_by(raw: &FlowFile) -> Option<&Placed<String>> {
    let own = raw.database.as_ref().and_then(|database: &Placed<raw::Database>| database.value.name.as_ref());
    own.or(raw.name.as_ref())
}
