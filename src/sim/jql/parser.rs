//! From words to clauses, and to the order of what is found.

use super::clause::{Clause, Operand, Operator, Term};
use super::field::OrderField;
use super::filter::Filter;
use super::lexer::{self, Kind, Token};
use super::reserved::{is_keyword, is_reserved};
use super::{Direction, Query, Reader};

/// Jira orders by at most so many fields.
const MOST_ORDER_FIELDS: usize = 7;

/// How deep parentheses and `NOT` may go. Nobody writes such a query, but without a limit one could exhaust the stack.
const DEEPEST: usize = 100;

pub(super) fn parse(text: &str, reader: &Reader) -> Result<Query, String> {
    let mut parser = Parser { tokens: lexer::tokens(text)?, next: 0, depth: 0, reader, warnings: Vec::new() };
    let filter = match parser.tokens.is_empty() || parser.peek_is("order") {
        true if reader.rules.bounded => return Err(UNBOUNDED.into()),
        true => Filter::Always(true),
        false => parser.any()?,
    };
    let order = parser.order()?;
    match parser.take() {
        None => Ok(Query { filter, order, warnings: parser.warnings }),
        Some(token) => Err(unexpected("either 'OR' or 'AND'", Some(&token))),
    }
}

const UNBOUNDED: &str = "Unbounded JQL queries are not allowed here. Please add a search restriction to your query.";

const OPERATORS: &str =
    "The valid operators are '=', '!=', '<', '>', '<=', '>=', '~', '!~', 'IN', 'NOT IN', 'IS' and 'IS NOT'.";

struct Parser<'a> {
    tokens: Vec<Token>,
    next: usize,
    /// Within how many parentheses and `NOT`s the next token stands.
    depth: usize,
    reader: &'a Reader<'a>,
    warnings: Vec<String>,
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
        let mut all = vec![self.deeper()?];
        while self.take_if("and") {
            all.push(self.deeper()?);
        }
        Ok(single_or(all, Filter::All))
    }

    fn deeper(&mut self) -> Result<Filter, String> {
        if self.depth > DEEPEST {
            return Err(at_end(&format!("The query is nested too deeply; {DEEPEST} levels are the most.")));
        }
        self.depth += 1;
        let one = self.one();
        self.depth -= 1;
        one
    }

    fn one(&mut self) -> Result<Filter, String> {
        if self.take_if("not") {
            return Ok(self.deeper()?.negated());
        }
        let token = self.take();
        match token.as_ref().map(|token| &token.kind) {
            Some(Kind::Open) => {
                let inner = self.any()?;
                self.close()?;
                Ok(inner)
            }
            Some(Kind::Quoted(field)) => self.clause(field),
            Some(Kind::Word(field)) if !is_reserved(field) && !is_keyword(field) => self.clause(field),
            Some(Kind::Word(_)) => Err(token.map(|token| reserved_word(&token)).unwrap_or_default()),
            Some(Kind::Operator(_) | Kind::Close | Kind::Comma) | None => {
                Err(unexpected("either a field name or '('", token.as_ref()))
            }
        }
    }

    fn clause(&mut self, field: &str) -> Result<Filter, String> {
        let operator = self.operator()?;
        let operand = self.operand()?;
        let (filter, warnings) = Clause { field, operator, operand }.read(self.reader)?;
        self.warnings.extend(warnings);
        Ok(filter)
    }

    fn operator(&mut self) -> Result<Operator, String> {
        let token = self.take();
        let operator = match token.as_ref().map(|token| &token.kind) {
            Some(Kind::Operator(sign)) => Operator::signed(sign),
            Some(word) if word.is("not") && self.take_if("in") => Some(Operator::NotIn),
            Some(word) if word.is("in") => Some(Operator::In),
            Some(word) if word.is("is") && self.take_if("not") => Some(Operator::IsNot),
            Some(word) if word.is("is") => Some(Operator::Is),
            Some(word) if word.is("was") => Some(Operator::Was),
            Some(word) if word.is("changed") => Some(Operator::Changed),
            Some(Kind::Word(_) | Kind::Quoted(_) | Kind::Open | Kind::Close | Kind::Comma) | None => None,
        };
        operator.ok_or_else(|| match token {
            Some(token) => token.at.told(&format!("Expecting operator but got '{}'. {OPERATORS}", token.kind.shown())),
            None => at_end(&format!("Expecting operator before the end of the query. {OPERATORS}")),
        })
    }

    fn operand(&mut self) -> Result<Operand, String> {
        if self.peek_is("empty") || self.peek_is("null") {
            self.next += 1;
            return Ok(Operand::Empty);
        }
        if self.peek() != Some(&Kind::Open) {
            return self.term().map(Operand::One);
        }
        self.next += 1;
        let mut terms = vec![self.term()?];
        while self.take_comma() {
            terms.push(self.term()?);
        }
        self.close()?;
        Ok(Operand::List(terms))
    }

    /// A value, or a function with its arguments.
    fn term(&mut self) -> Result<Term, String> {
        let token = self.take();
        match token.as_ref().map(|token| &token.kind) {
            Some(Kind::Quoted(text)) => Ok(Term::Quoted(text.clone())),
            Some(Kind::Word(name)) if self.peek() == Some(&Kind::Open) && !is_keyword(name) => self.function(name),
            Some(Kind::Word(text)) if !is_reserved(text) && !is_keyword(text) => Ok(Term::Bare(text.clone())),
            Some(Kind::Word(text)) if is_keyword(text) => Err(token.map(|token| keyword(&token)).unwrap_or_default()),
            Some(Kind::Word(_)) => Err(token.map(|token| reserved_word(&token)).unwrap_or_default()),
            Some(Kind::Operator(_) | Kind::Open | Kind::Close | Kind::Comma) | None => {
                Err(unexpected("either a value, list or function", token.as_ref()))
            }
        }
    }

    fn function(&mut self, name: &str) -> Result<Term, String> {
        self.next += 1;
        let mut arguments = Vec::new();
        while self.peek() != Some(&Kind::Close) {
            let token = self.take();
            match token.as_ref().map(|token| &token.kind) {
                Some(Kind::Quoted(text) | Kind::Word(text)) => arguments.push(text.clone()),
                Some(Kind::Operator(_) | Kind::Open | Kind::Close | Kind::Comma) | None => {
                    return Err(unexpected("either ')' or an argument", token.as_ref()));
                }
            }
            if !self.take_comma() {
                break;
            }
        }
        self.close()?;
        Ok(Term::Function(name.into(), arguments))
    }

    fn order(&mut self) -> Result<Vec<(OrderField, Direction)>, String> {
        let mut terms = Vec::new();
        if !self.take_if("order") {
            return Ok(terms);
        }
        if !self.take_if("by") {
            let token = self.take();
            return Err(unexpected("'by'", token.as_ref()));
        }
        terms.push(self.order_term()?);
        while self.take_comma() {
            terms.push(self.order_term()?);
        }
        match terms.len() {
            0..=MOST_ORDER_FIELDS => Ok(terms),
            _ => Err(format!("The ORDER BY clause may name at most {MOST_ORDER_FIELDS} fields.")),
        }
    }

    fn order_term(&mut self) -> Result<(OrderField, Direction), String> {
        let token = self.take();
        let Some(Kind::Word(name) | Kind::Quoted(name)) = token.as_ref().map(|token| &token.kind) else {
            return Err(unexpected("a field name", token.as_ref()));
        };
        let field = OrderField::named(name).ok_or_else(|| format!("Not able to sort using field '{name}'."))?;
        let direction = if self.take_if("asc") {
            Direction::Ascending
        } else if self.take_if("desc") {
            Direction::Descending
        } else {
            field.usual_direction()
        };
        Ok((field, direction))
    }

    fn close(&mut self) -> Result<(), String> {
        match self.take() {
            Some(token) if token.kind == Kind::Close => Ok(()),
            other => Err(unexpected("')'", other.as_ref())),
        }
    }

    fn peek(&self) -> Option<&Kind> {
        self.tokens.get(self.next).map(|token| &token.kind)
    }

    fn peek_is(&self, keyword: &str) -> bool {
        self.peek().is_some_and(|kind| kind.is(keyword))
    }

    fn take(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.next).cloned();
        self.next += 1;
        token
    }

    fn take_if(&mut self, keyword: &str) -> bool {
        let found = self.peek_is(keyword);
        self.next += usize::from(found);
        found
    }

    fn take_comma(&mut self) -> bool {
        let found = self.peek() == Some(&Kind::Comma);
        self.next += usize::from(found);
        found
    }
}

fn single_or(mut filters: Vec<Filter>, join: fn(Vec<Filter>) -> Filter) -> Filter {
    match filters.len() {
        1 => filters.remove(0),
        _ => join(filters),
    }
}

fn unexpected(expected: &str, got: Option<&Token>) -> String {
    match got {
        Some(token) => token.at.told(&format!("Expecting {expected} but got '{}'.", token.kind.shown())),
        None => at_end(&format!("Expecting {expected} before the end of the query.")),
    }
}

fn at_end(message: &str) -> String {
    format!("Error in the JQL Query: {message}")
}

fn reserved_word(token: &Token) -> String {
    let word = token.kind.shown();
    token.at.told(&format!(
        "'{word}' is a reserved JQL word. You must surround it in quotation marks to use it in a query."
    ))
}

fn keyword(token: &Token) -> String {
    let word = token.kind.shown();
    token.at.told(&format!(
        "Expecting either a value, list or function but got '{word}'. You must surround '{word}' in quotation marks to \
         use it as a value."
    ))
}
