//! Where records are kept, and how they are asked for.

use std::cmp::Ordering;

use super::Value;

/// A table of SQLite, which is a collection in MongoDB.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name in both.
    pub name: &'static str,
    /// The columns of the key, by which pages are in order.
    pub key: &'static [Column],
    /// Whether MongoDB keeps the key as `_id`, several columns with a slash between.
    pub key_is_id: bool,
    /// Whether `created_at` is kept.
    pub created: Created,
    /// Whether `updated_at` is kept: when it was last written.
    pub updated: bool,
    /// Whether MongoDB's documents have a `version`; those that the Node.js service has too have none.
    pub versioned: bool,
}

/// Whether a record says when it was first written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// It does not.
    No,
    /// It does.
    First,
    /// A record that replaces another begins anew.
    Anew,
}

/// A column by which records are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Whether its texts are in the order of the numbers that they say, however long.
    pub by_number: bool,
}

impl Column {
    /// In the order of its values.
    pub(in crate::store) const fn plain(name: &'static str) -> Self {
        Self { name, by_number: false }
    }

    /// Of texts of digits, in the order of their numbers.
    pub(in crate::store) const fn number(name: &'static str) -> Self {
        Self { name, by_number: true }
    }

    fn compare(self, one: &Value, other: &Value) -> Ordering {
        match (one, other) {
            (Value::Text(one), Value::Text(other)) if self.by_number => (one.len(), one).cmp(&(other.len(), other)),
            (Value::Text(one), Value::Text(other)) => one.cmp(other),
            (Value::Number(one), Value::Number(other)) | (Value::Time(one), Value::Time(other)) => one.cmp(other),
            // A key's column holds values of one kind.
            _ => Ordering::Equal,
        }
    }
}

/// The order of two keys.
pub(in crate::store) fn compare(order: &[Column], one: &[Value], other: &[Value]) -> Ordering {
    let columns = order.iter().zip(one.iter().zip(other));
    columns.map(|(column, (one, other))| column.compare(one, other)).find(|it| it.is_ne()).unwrap_or(Ordering::Equal)
}

/// A question for records of one table.
#[derive(Clone, Debug)]
pub struct Select {
    pub(in crate::store) table: &'static Table,
    /// All of these must hold.
    pub(in crate::store) conditions: Vec<Condition>,
    /// Any order if it names no column.
    pub(in crate::store) order: &'static [Column],
    pub(in crate::store) descending: bool,
    /// Begins behind the record that has these values in the columns of the order.
    pub(in crate::store) after: Option<Vec<Value>>,
    pub(in crate::store) most: Option<u32>,
}

/// What must hold of a record.
#[derive(Clone, Debug)]
pub enum Condition {
    /// The column has this value.
    Is(&'static str, Value),
    /// It has another one.
    Not(&'static str, Value),
    /// It is at least this.
    AtLeast(&'static str, Value),
    /// It is at most this.
    AtMost(&'static str, Value),
    /// It is more than this.
    Above(&'static str, Value),
    /// It is one of these texts.
    Among(&'static str, Vec<String>),
    /// All conditions of one of these lists hold.
    Any(Vec<Vec<Self>>),
}

impl Select {
    /// All records of a table, in any order.
    pub(in crate::store) fn from(table: &'static Table) -> Self {
        Self { table, conditions: Vec::new(), order: &[], descending: false, after: None, most: None }
    }

    /// Those of which this holds too.
    pub(in crate::store) fn filter(mut self, condition: Condition) -> Self {
        self.conditions.push(condition);
        self
    }

    /// Smallest first.
    pub(in crate::store) fn ordered(self, order: &'static [Column]) -> Self {
        Self { order, ..self }
    }

    /// Largest first.
    pub(in crate::store) fn descending(self, order: &'static [Column]) -> Self {
        Self { order, descending: true, ..self }
    }

    /// Only those behind a record, in the order asked for.
    pub(in crate::store) fn after(self, after: Option<Vec<Value>>) -> Self {
        Self { after, ..self }
    }

    /// So many at most.
    pub(in crate::store) fn at_most(self, most: u32) -> Self {
        Self { most: Some(most), ..self }
    }
}
