//! From words to a query.

use std::collections::BTreeSet;

use super::lexer::{self, Token};
use super::{Comparison, DateField, Direction, Filter, OrderField, Query, Reader, date};

/// Jira orders by at most so many fields.
const MOST_ORDER_FIELDS: usize = 7;

pub(super) fn parse(text: &str, reader: &Reader) -> Result<Query, String> {
    let mut parser = Parser { tokens: lexer::tokens(text)?, next: 0, reader };
    if parser.tokens.is_empty() || parser.peek_is("order") {
        return Err("Unbounded JQL queries are not allowed here. Please add a search restriction to your query.".into());
    }
    let filter = parser.any()?;
    let order = parser.order()?;
    match parser.take() {
        None => Ok(Query { filter, order }),
        Some(token) => Err(syntax("either 'OR' or 'AND'", Some(&token))),
    }
}

struct Parser<'a> {
    tokens: Vec<Token>,
    next: usize,
    reader: &'a Reader<'a>,
}

impl Parser<'_> {
    /// Clauses joined by `OR`, which binds least.
    fn any(&mut self) -> Result<Filter, String> {
        let mut any = vec![self.all()?];
        while self.take_if("or") {
            any.push(self.all()?);
        }
        Ok(single_or(any, Filter::Any))
    }

    fn all(&mut self) -> Result<Filter, String> {
        let mut all = vec![self.clause()?];
        while self.take_if("and") {
            all.push(self.clause()?);
        }
        Ok(single_or(all, Filter::All))
    }

    fn clause(&mut self) -> Result<Filter, String> {
        if self.take_if("not") {
            return Ok(Filter::Not(Box::new(self.clause()?)));
        }
        match self.take() {
            Some(Token::Open) => {
                let inner = self.any()?;
                self.expect(&Token::Close)?;
                Ok(inner)
            }
            Some(Token::Word(field)) => self.condition(&field),
            other => Err(syntax("a field name or '('", other.as_ref())),
        }
    }

    fn condition(&mut self, field: &str) -> Result<Filter, String> {
        match field.to_ascii_lowercase().as_str() {
            "project" => self.among(field, Filter::Project, |parser, value| parser.project(value)),
            "status" => self.among(field, Filter::Status, |parser, value| parser.status(value)),
            "key" | "id" | "issue" | "issuekey" => self.issues(field),
            "created" => self.date(field, DateField::Created),
            "updated" => self.date(field, DateField::Updated),
            _ => Err(format!("Field '{field}' does not exist or you do not have permission to view it.")),
        }
    }

    /// `= value`, `!= value`, `in (…)` or `not in (…)`.
    fn among<T: Ord>(
        &mut self,
        field: &str,
        filter: fn(BTreeSet<T>) -> Filter,
        read: fn(&Self, &Token) -> Result<T, String>,
    ) -> Result<Filter, String> {
        let (values, wanted) = self.values(field)?;
        let values = values.iter().map(|value| read(self, value)).collect::<Result<_, _>>()?;
        Ok(negated_unless(wanted, filter(values)))
    }

    /// `key = X` insists that X exists; in a list, unknown ones are passed over.
    fn issues(&mut self, field: &str) -> Result<Filter, String> {
        let (values, wanted) = self.values(field)?;
        let ids: BTreeSet<u64> = values.iter().filter_map(|value| self.reader.names.issue(&value.shown())).collect();
        match (&values[..], ids.is_empty()) {
            ([only], true) if !self.after_list() => {
                Err(format!("An issue with key '{}' does not exist for field '{field}'.", only.shown()))
            }
            _ => Ok(negated_unless(wanted, Filter::Issue(ids))),
        }
    }

    /// The values a field is compared with, and whether it should be among them.
    fn values(&mut self, field: &str) -> Result<(Vec<Token>, bool), String> {
        match self.take() {
            Some(Token::Operator("=")) => Ok((vec![self.value()?], true)),
            Some(Token::Operator("!=")) => Ok((vec![self.value()?], false)),
            Some(token) if token.is("in") => Ok((self.list()?, true)),
            Some(token) if token.is("not") && self.take_if("in") => Ok((self.list()?, false)),
            Some(Token::Operator(other)) => Err(unsupported(other, field)),
            other => Err(operator_expected(other.as_ref())),
        }
    }

    fn list(&mut self) -> Result<Vec<Token>, String> {
        self.expect(&Token::Open)?;
        let mut values = vec![self.value()?];
        while self.peek() == Some(&Token::Comma) {
            self.next += 1;
            values.push(self.value()?);
        }
        self.expect(&Token::Close)?;
        Ok(values)
    }

    /// Whether what was read last is a list.
    fn after_list(&self) -> bool {
        self.next.checked_sub(1).and_then(|last| self.tokens.get(last)) == Some(&Token::Close)
    }

    fn date(&mut self, field: &str, date: DateField) -> Result<Filter, String> {
        let operator = self.take();
        let is = match operator {
            Some(Token::Operator("=")) => Comparison::Equal,
            Some(Token::Operator("<")) => Comparison::Less,
            Some(Token::Operator("<=")) => Comparison::LessOrEqual,
            Some(Token::Operator(">")) => Comparison::Greater,
            Some(Token::Operator(">=")) => Comparison::GreaterOrEqual,
            Some(Token::Operator(other)) => return Err(unsupported(other, field)),
            other => return Err(operator_expected(other.as_ref())),
        };
        let value = self.value()?;
        let at = date::read(&value, self.reader).ok_or_else(|| bad_date(&value, field))?;
        Ok(Filter::Date { field: date, is, at })
    }

    fn project(&self, value: &Token) -> Result<String, String> {
        let text = value.shown();
        self.reader.names.project(&text).ok_or_else(|| no_value(&text, "project"))
    }

    fn status(&self, value: &Token) -> Result<String, String> {
        let text = value.shown();
        self.reader.names.status(&text).ok_or_else(|| no_value(&text, "status"))
    }

    fn order(&mut self) -> Result<Vec<(OrderField, Direction)>, String> {
        let mut terms = Vec::new();
        if !self.take_if("order") {
            return Ok(terms);
        }
        if !self.take_if("by") {
            return Err(syntax("'BY'", self.peek()));
        }
        loop {
            terms.push(self.order_term()?);
            if self.peek() != Some(&Token::Comma) {
                break;
            }
            self.next += 1;
        }
        if terms.len() > MOST_ORDER_FIELDS {
            return Err(format!("The ORDER BY clause may name at most {MOST_ORDER_FIELDS} fields."));
        }
        Ok(terms)
    }

    fn order_term(&mut self) -> Result<(OrderField, Direction), String> {
        let Some(Token::Word(field)) = self.take() else {
            return Err(syntax("a field name to order by", self.peek()));
        };
        let term = match field.to_ascii_lowercase().as_str() {
            "created" => OrderField::Date(DateField::Created),
            "updated" => OrderField::Date(DateField::Updated),
            "key" | "issuekey" | "issue" => OrderField::Key,
            _ => return Err(format!("Not able to sort using field '{field}'.")),
        };
        Ok((term, self.direction(term)))
    }

    /// Without a word for it, dates go from new to old and keys from small to great.
    fn direction(&mut self, term: OrderField) -> Direction {
        if self.take_if("asc") {
            Direction::Ascending
        } else if self.take_if("desc") || matches!(term, OrderField::Date(_)) {
            Direction::Descending
        } else {
            Direction::Ascending
        }
    }

    fn value(&mut self) -> Result<Token, String> {
        match self.take() {
            Some(token @ (Token::Word(_) | Token::Quoted(_))) if !is_keyword(&token) => Ok(token),
            other => Err(syntax("a value", other.as_ref())),
        }
    }

    fn expect(&mut self, wanted: &Token) -> Result<(), String> {
        match self.take() {
            Some(token) if token == *wanted => Ok(()),
            other => Err(syntax(&format!("'{}'", wanted.shown()), other.as_ref())),
        }
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next)
    }

    fn peek_is(&self, keyword: &str) -> bool {
        self.peek().is_some_and(|token| token.is(keyword))
    }

    fn take(&mut self) -> Option<Token> {
        let token = self.peek().cloned();
        self.next += 1;
        token
    }

    fn take_if(&mut self, keyword: &str) -> bool {
        let found = self.peek_is(keyword);
        self.next += usize::from(found);
        found
    }
}

fn is_keyword(token: &Token) -> bool {
    ["and", "or", "not", "in", "is", "order", "by", "empty", "null"].iter().any(|keyword| token.is(keyword))
}

fn single_or(mut filters: Vec<Filter>, join: fn(Vec<Filter>) -> Filter) -> Filter {
    match filters.len() {
        1 => filters.remove(0),
        _ => join(filters),
    }
}

fn negated_unless(wanted: bool, filter: Filter) -> Filter {
    if wanted { filter } else { Filter::Not(Box::new(filter)) }
}

fn syntax(expected: &str, got: Option<&Token>) -> String {
    match got {
        Some(token) => format!("Error in the JQL Query: Expecting {expected} but got '{}'.", token.shown()),
        None => format!("Error in the JQL Query: Expecting {expected} before the end of the query."),
    }
}

fn operator_expected(got: Option<&Token>) -> String {
    let got = got.map_or_else(|| "the end of the query".into(), |token| format!("'{}'", token.shown()));
    format!(
        "Error in the JQL Query: Expecting operator but got {got}. The valid operators are '=', '!=', '<', '>', '<=', \
         '>=', 'IN' and 'NOT IN'."
    )
}

fn unsupported(operator: &str, field: &str) -> String {
    format!("The operator '{operator}' is not supported by the '{field}' field.")
}

fn no_value(value: &str, field: &str) -> String {
    format!("The value '{value}' does not exist for the field '{field}'.")
}

fn bad_date(value: &Token, field: &str) -> String {
    format!(
        "Date value '{}' for field '{field}' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', \
         'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w'.",
        value.shown()
    )
}
