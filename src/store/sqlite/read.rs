//! Questions as SQL.

use std::fmt::Write as _;
use std::sync::Arc;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, ToSql, named_params, params_from_iter};

use super::trouble::Trouble;
use crate::flow::FlowName;
use crate::store::records::{self, Column, Condition, Row, Select, Table, Value, wall_text};

/// A file keeps one flow's data: the first to come owns it, also when another one has its name in `database.name`.
pub(super) fn refuse_foreign(connection: &Connection, flow: &FlowName) -> Result<(), Trouble> {
    let sql = "SELECT name FROM sync_state WHERE name <> :name LIMIT 1";
    let params = named_params! { ":name": flow.as_str() };
    let owner: Option<String> = connection.query_row(sql, params, |row| row.get(0)).optional()?;
    owner.map_or(Ok(()), |owner| {
        let remedies = "give it its old name back if it was renamed, else a database of its own (database.name); or move \
                        the file away to begin anew";
        Err(Trouble::Foreign(format!("it belongs to the flow {owner}, not to {flow}: {remedies}")))
    })
}

/// How many rows a table has.
pub(super) fn count(connection: &Connection, table: &Table) -> Result<u64, Trouble> {
    let sql = format!("SELECT count(*) FROM {}", table.name);
    Ok(connection.prepare_cached(&sql)?.query_row([], |row| row.get::<_, i64>(0))?.cast_unsigned())
}

/// The rows that a question asks for.
pub(super) fn rows(connection: &Connection, select: &Select) -> Result<Vec<Row>, Trouble> {
    let [Column { name, by_number: true }] = select.order else { return answer(connection, select, &[]) };
    let Some([after]) = select.after.as_deref() else { return answer(connection, select, &[]) };
    // Two questions, as SQLite finds its place in an index of two expressions only by one of them at a time.
    let mut found = answer(connection, select, &[("length", "=", name, after), ("", ">", name, after)])?;
    let rest = select.most.map(|most| most.saturating_sub(u32::try_from(found.len()).unwrap_or(most)));
    found.extend(answer(connection, &Select { most: rest, ..select.clone() }, &[("length", ">", name, after)])?);
    Ok(found)
}

/// A function of a column, which compares so with that of a value.
type Bound<'a> = (&'static str, &'static str, &'a str, &'a Value);

fn answer(connection: &Connection, select: &Select, bounds: &[Bound<'_>]) -> Result<Vec<Row>, Trouble> {
    let mut question = Question::default();
    let sql = question.of(select, bounds);
    let mut statement = connection.prepare_cached(&sql)?;
    let names: Arc<[String]> = statement.column_names().map(str::to_owned).collect();
    let mut found = statement.query(params_from_iter(question.params))?;
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        let values = (0..names.len()).map(|place| row.get_ref(place).map(value)).collect::<Result<_, _>>()?;
        rows.push(Row { table: select.table.name, id: None, names: Arc::clone(&names), values });
    }
    Ok(rows)
}

/// A statement under way.
#[derive(Default)]
struct Question {
    params: Vec<Value>,
}

impl Question {
    fn of(&mut self, select: &Select, bounds: &[Bound<'_>]) -> String {
        let mut all: Vec<String> = select.conditions.iter().map(|condition| self.condition(condition)).collect();
        for (function, compares, column, value) in bounds {
            let value = self.param((*value).clone());
            all.push(format!("{function}({column}) {compares} {function}({value})"));
        }
        if let (Some(after), true) = (&select.after, bounds.is_empty()) {
            all.push(self.behind(select, after));
        }
        let mut sql = format!("SELECT * FROM {}", select.table.name);
        if !all.is_empty() {
            let _ = write!(sql, " WHERE {}", all.join(" AND "));
        }
        let is_as_long = bounds.len() > 1;
        let order = select.order.iter().map(|column| Column { by_number: column.by_number && !is_as_long, ..*column });
        let order: Vec<_> = order.flat_map(|column| sorted_by(column, select.descending)).collect();
        if !order.is_empty() {
            let _ = write!(sql, " ORDER BY {}", order.join(", "));
        }
        if let Some(most) = select.most {
            let _ = write!(sql, " LIMIT {}", self.param(u64::from(most).into()));
        }
        sql
    }

    fn behind(&mut self, select: &Select, after: &[Value]) -> String {
        // An index of what is asked for finds less to look at than that of the order.
        let is_among = select.conditions.iter().any(|condition| matches!(condition, Condition::Among(..)));
        let names: Vec<_> = select.order.iter().map(|column| column.name).collect();
        let values: Vec<_> = after.iter().map(|value| self.param(value.clone())).collect();
        let (hint, compares) = (if is_among { "+" } else { "" }, if select.descending { "<" } else { ">" });
        match (&names[..], &values[..]) {
            ([name], [value]) => format!("{hint}{name} {compares} {value}"),
            _ => format!("({}) {compares} ({})", names.join(", "), values.join(", ")),
        }
    }

    fn condition(&mut self, condition: &Condition) -> String {
        match condition {
            Condition::Is(column, value) => format!("{column} = {}", self.param(value.clone())),
            Condition::Not(column, value) => format!("{column} <> {}", self.param(value.clone())),
            Condition::AtLeast(column, value) => format!("{column} >= {}", self.param(value.clone())),
            Condition::AtMost(column, value) => format!("{column} <= {}", self.param(value.clone())),
            Condition::Above(column, value) => format!("{column} > {}", self.param(value.clone())),
            // Any number of them in one statement.
            Condition::Among(column, texts) => {
                let texts = self.param(Value::Json(records::json(texts)));
                format!("{column} IN (SELECT value FROM json_each({texts}))")
            }
            Condition::Any(alternatives) => {
                let all = |conditions: &Vec<Condition>| {
                    conditions.iter().map(|condition| self.condition(condition)).collect::<Vec<_>>().join(" AND ")
                };
                format!("({})", alternatives.iter().map(all).collect::<Vec<_>>().join(" OR "))
            }
        }
    }

    fn param(&mut self, value: Value) -> String {
        self.params.push(value);
        format!("?{}", self.params.len())
    }
}

fn sorted_by(column: Column, descending: bool) -> Vec<String> {
    let direction = if descending { " DESC" } else { "" };
    let length = column.by_number.then(|| format!("length({}){direction}", column.name));
    length.into_iter().chain([format!("{}{direction}", column.name)]).collect()
}

fn value(found: ValueRef<'_>) -> Value {
    match found {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Number(number),
        ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => Value::Text(text.to_owned()),
            Err(_) => Value::Other("a text that is not UTF-8".to_owned()),
        },
        ValueRef::Real(number) => Value::Other(number.to_string()),
        ValueRef::Blob(_) => Value::Other("a blob".to_owned()),
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Borrowed(ValueRef::Null),
            Self::Text(text) | Self::Json(text) | Self::Other(text) => text.as_str().into(),
            Self::Number(number) => (*number).into(),
            Self::Flag(flag) => (*flag).into(),
            Self::Time(millis) => {
                chrono::DateTime::from_timestamp_millis(*millis).map_or_else(String::new, wall_text).into()
            }
        })
    }
}
