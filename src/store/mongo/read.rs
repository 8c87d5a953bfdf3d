//! Questions as queries.

use futures::TryStreamExt as _;
use mongodb::Database;
use mongodb::bson::{Bson, Document, doc};
use mongodb::options::FindOptions;

use super::base::{Base, no_state};
use super::document::{bson, id, key_in_id, row_of};
use super::layout::{SYNC_STATE, known, numeric};
use super::trouble::Trouble;
use crate::store::records::{Condition, Row, Select, Table, Value};

/// Whether a worker of the flow has ever begun there.
pub(super) async fn is_begun(base: &Base, database: &Database) -> Result<bool, Trouble> {
    let begun = doc! { "name": base.flow.as_str(), "epoch": { "$exists": true } };
    Ok(database.collection::<Document>(SYNC_STATE).find_one(begun).await?.is_some())
}

/// How many documents of ours a collection has.
pub(super) async fn count(database: &Database, table: &Table) -> Result<u64, Trouble> {
    let ours = match table.key {
        [column] if !table.key_is_id => known(column.name),
        _ => doc! {},
    };
    Ok(database.collection::<Document>(table.name).count_documents(ours).await?)
}

/// The rows that a question asks for.
pub(super) async fn rows(database: &Database, select: Select) -> Result<Vec<Row>, Trouble> {
    // MongoDB takes 0 for no limit.
    if select.most == Some(0) {
        return Ok(Vec::new());
    }
    let table = select.table;
    let (filter, options) = query(select);
    let collection = database.collection::<Document>(table.name);
    let documents: Vec<_> = collection.find(filter).with_options(options).await?.try_collect().await?;
    if documents.is_empty() && table.name == SYNC_STATE {
        return Err(Trouble::Unusable(no_state()));
    }
    Ok(documents.into_iter().map(|document| row_of(table, document)).collect())
}

/// Filter and options of a question.
pub(super) fn query(select: Select) -> (Document, FindOptions) {
    let mut options = FindOptions::default();
    options.limit = select.most.map(i64::from);
    options.collation = select.order.iter().any(|column| column.by_number).then(numeric);
    options.sort = (!select.order.is_empty()).then(|| sorted(&select));
    let mut all: Vec<Document> = ours(&select).into_iter().collect();
    all.extend(select.after.clone().map(|after| behind(&select, after)));
    all.extend(select.conditions.into_iter().map(|it| condition(select.table, it)));
    (
        if all.is_empty() {
            doc! {}
        } else {
            doc! { "$and": all }
        },
        options,
    )
}

fn sorted(select: &Select) -> Document {
    let direction = if select.descending { -1 } else { 1 };
    if is_by_id(select) {
        return doc! { "_id": direction };
    }
    select.order.iter().map(|column| (column.name.to_owned(), Bson::Int32(direction))).collect()
}

/// What passes over the documents of the Node.js service, where a question does not name ids.
fn ours(select: &Select) -> Option<Document> {
    if select.table.name == SYNC_STATE {
        return Some(doc! { "epoch": { "$exists": true } });
    }
    let column = select.order.first().or(select.table.key.first())?;
    let is_ours = select.table.key_is_id || select.after.is_some() || select.conditions.iter().any(names_some);
    (!is_ours).then(|| known(column.name))
}

fn names_some(condition: &Condition) -> bool {
    match condition {
        Condition::Among(..) => true,
        Condition::Any(alternatives) => alternatives.iter().all(|all| all.iter().any(names_some)),
        Condition::Is(..)
        | Condition::Not(..)
        | Condition::AtLeast(..)
        | Condition::AtMost(..)
        | Condition::Above(..) => false,
    }
}

fn is_by_id(select: &Select) -> bool {
    select.table.key_is_id && select.order == select.table.key
}

fn behind(select: &Select, after: Vec<Value>) -> Document {
    let operator = if select.descending { "$lt" } else { "$gt" };
    if is_by_id(select) {
        return doc! { "_id": { operator: id(after) } };
    }
    let columns: Vec<_> = select.order.iter().zip(after).map(|(column, value)| (column.name, bson(value))).collect();
    // Behind by one column, and as far as the one of `after` by those before it.
    let by = |place: usize| -> Document {
        let equal = columns.iter().take(place).map(|(name, value)| ((*name).to_owned(), value.clone()));
        let next = columns.get(place).map(|(name, value)| ((*name).to_owned(), doc! { operator: value }.into()));
        equal.chain(next).collect()
    };
    match columns.len() {
        1 => by(0),
        all => doc! { "$or": (0..all).map(by).collect::<Vec<_>>() },
    }
}

fn condition(table: &'static Table, condition: Condition) -> Document {
    let field = |column| if key_in_id(table) == Some(column) { "_id" } else { column };
    match condition {
        Condition::Is(column, value) => doc! { field(column): bson(value) },
        Condition::Not(column, value) => doc! { field(column): { "$ne": bson(value) } },
        Condition::AtLeast(column, value) => doc! { field(column): { "$gte": bson(value) } },
        Condition::AtMost(column, value) => doc! { field(column): { "$lte": bson(value) } },
        Condition::Above(column, value) => doc! { field(column): { "$gt": bson(value) } },
        Condition::Among(column, texts) => doc! { field(column): { "$in": texts } },
        Condition::Any(alternatives) => {
            let all = |conditions: Vec<Condition>| -> Document {
                let all: Vec<_> = conditions.into_iter().map(|it| self::condition(table, it)).collect();
                doc! { "$and": all }
            };
            doc! { "$or": alternatives.into_iter().map(all).collect::<Vec<_>>() }
        }
    }
}
