//! From words to clauses, and to the order of what is found.

use super::clause::{Clause, Operand, Operator, Term};
use super::field::OrderField;
use super::filter::Filter;
use super::lexer::{self, Kind, Token};
use super::reserved::{is_keyword, is_reserved};
use super::{Direction, Query, Reader};

/// Jira orders by at most so many fields.
const MOST_ORDER_FIELDS: usize = 7;

/// How deep parentheses and `NOT` may go. No one query needs that, but without a limit one could exhaust the stack.
const DEEPEST: usize = 100;

/// Reads a query. What is no query at all is refused before anything is asked of its names.
pub(super) fn parse(text: &str, reader: &Reader) -> Result<Query, String> {
    let tokens = lexer::tokens(text)?;
    Parser::over(&tokens, None).query()?;
    if reader.rules.bounded && tokens.first().is_none_or(|first| first.kind.is("order")) {
        return Err(UNBOUNDED.into());
    }
    Parser::over(&tokens, Some(reader)).query()
}

const UNBOUNDED: &str = "Unbounded JQL queries are not allowed here. Please add a search restriction to your query.";

const OPERATORS: &str =
    "The valid operators are '=', '!=', '<', '>', '<=', '>=', '~', '!~', 'IN', 'NOT IN', 'IS' and 'IS NOT'.";

struct Parser<'a> {
    tokens: &'a [Token],
    next: usize,
    /// Within how many parentheses and `NOT`s the next token stands.
    depth: usize,
    /// `None` while only the form of the query matters.
    reader: Option<&'a Reader<'a>>,
    warnings: Vec<String>,
}

impl<'a> Parser<'a> {
    fn over(tokens: &'a [Token], reader: Option<&'a Reader<'a>>) -> Self {
        Self { tokens, next: 0, depth: 0, reader, warnings: Vec::new() }
    }

    fn query(mut self) -> Result<Query, String> {
        let is_all = self.tokens.is_empty() || self.peek_is("order");
        let filter = if is_all { Filter::Always(true) } else { self.any()? };
        let order = self.order()?;
        match self.take() {
            None => Ok(Query { filter, order, warnings: self.warnings }),
            Some(token) => Err(unexpected("either 'OR' or 'AND'", Some(&token))),
        }
    }

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
        if self.take_if("not") || self.take_if("!") {
            return Ok(self.deeper()?.negated());
        }
        let token = self.take();
        match token.as_ref().map(|token| &token.kind) {
            Some(Kind::Open) => {
                let inner = self.any()?;
                self.close()?;
                Ok(inner)
            }
            Some(Kind::Quoted(field) | Kind::Indexed(field)) => self.clause(field),
            Some(Kind::Word(field)) if !is_reserved(field) && !is_keyword(field) => self.clause(field),
            Some(Kind::Word(_)) => Err(token.map(|token| reserved_word(&token)).unwrap_or_default()),
            Some(Kind::Operator(_) | Kind::Close | Kind::Comma) | None => {
                Err(unexpected("either a field name or '('", token.as_ref()))
            }
        }
    }

    fn clause(&mut self, field: &str) -> Result<Filter, String> {
        let operator = self.operator()?;
        let operand = if operator == Operator::Changed {
            Operand::Empty
        } else if matches!(operator, Operator::WasIn | Operator::WasNotIn) && !self.begins_list() {
            let token = self.take();
            return Err(unexpected("a list or function", token.as_ref()));
        } else {
            self.operand()?
        };
        let times = if operator.asks_history() { self.predicates(operator)? } else { Vec::new() };
        let clause = Clause { field, operator, operand, times };
        clause.check_operand()?;
        let Some(reader) = self.reader else { return Ok(Filter::Always(true)) };
        let (filter, warnings) = clause.read(reader)?;
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
            Some(word) if word.is("was") => Some(match (self.take_if("not"), self.take_if("in")) {
                (false, false) => Operator::Was,
                (true, false) => Operator::WasNot,
                (false, true) => Operator::WasIn,
                (true, true) => Operator::WasNotIn,
            }),
            Some(word) if word.is("changed") => Some(Operator::Changed),
            Some(Kind::Word(_) | Kind::Quoted(_) | Kind::Indexed(_) | Kind::Open | Kind::Close | Kind::Comma)
            | None => None,
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
        let mut terms = Vec::new();
        self.list(&mut terms)?;
        Ok(Operand::List(terms))
    }

    /// Lists in a list are one with it.
    fn list(&mut self, terms: &mut Vec<Term>) -> Result<(), String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(at_end(&format!("The query is nested too deeply; {DEEPEST} levels are the most.")));
        }
        self.next += 1;
        loop {
            if self.peek() == Some(&Kind::Open) {
                self.list(terms)?;
            } else if self.take_if("empty") || self.take_if("null") {
                terms.push(Term::Empty);
            } else {
                terms.push(self.term()?);
            }
            if !self.take_comma() {
                break;
            }
        }
        self.depth -= 1;
        self.close()
    }

    /// Whether a list follows, or a function that stands for one.
    fn begins_list(&self) -> bool {
        let is_open = |ahead: usize| self.tokens.get(self.next + ahead).is_some_and(|token| token.kind == Kind::Open);
        is_open(0) || is_open(1)
    }

    /// When, by whom, from what and to what something changed.
    fn predicates(&mut self, operator: Operator) -> Result<Vec<(String, Operand)>, String> {
        const ALL: [&str; 7] = ["after", "before", "on", "during", "by", "from", "to"];
        let known = if operator == Operator::Changed { &ALL[..] } else { &ALL[..5] };
        let mut predicates = Vec::new();
        while let Some(name) = known.iter().find(|name| self.take_if(name)) {
            predicates.push(((*name).to_owned(), self.operand()?));
        }
        Ok(predicates)
    }

    /// A value, or a function with its arguments.
    fn term(&mut self) -> Result<Term, String> {
        let token = self.take();
        match token.as_ref().map(|token| &token.kind) {
            Some(Kind::Quoted(text)) => Ok(Term::Quoted(text.clone())),
            Some(Kind::Word(name)) if self.peek() == Some(&Kind::Open) && !is_keyword(name) && !is_reserved(name) => {
                self.function(name)
            }
            Some(Kind::Word(text)) if !is_reserved(text) && !is_keyword(text) => Ok(Term::Bare(text.clone())),
            Some(Kind::Word(text)) if is_keyword(text) => Err(token.map(|token| keyword(&token)).unwrap_or_default()),
            Some(Kind::Word(_)) => Err(token.map(|token| reserved_word(&token)).unwrap_or_default()),
            Some(Kind::Indexed(_) | Kind::Operator(_) | Kind::Open | Kind::Close | Kind::Comma) | None => {
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
                Some(Kind::Quoted(text)) => arguments.push(text.clone()),
                Some(Kind::Word(text)) if !is_reserved(text) && !is_keyword(text) => arguments.push(text.clone()),
                Some(Kind::Word(_) | Kind::Indexed(_) | Kind::Operator(_) | Kind::Open | Kind::Close | Kind::Comma)
                | None => {
                    return Err(unexpected("either ')' or an argument", token.as_ref()));
                }
            }
            if !self.take_comma() {
                break;
            }
            if self.peek() == Some(&Kind::Close) {
                let token = self.take();
                return Err(unexpected("an argument", token.as_ref()));
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
        let name = match token.as_ref().map(|token| &token.kind) {
            Some(Kind::Quoted(name) | Kind::Indexed(name)) => name,
            Some(Kind::Word(name)) if !is_reserved(name) && !is_keyword(name) => name,
            _ => return Err(unexpected("a field name", token.as_ref())),
        };
        let field = match self.reader {
            None => OrderField::Key,
            Some(_) => OrderField::named(name).ok_or_else(|| format!("Not able to sort using field '{name}'."))?,
        };
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
