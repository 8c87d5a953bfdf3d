//! What a clause means for its field.

use std::collections::BTreeSet;

use super::field::{DateField, Field, ListField, TextField};
use super::filter::{Comparison, Filter};
use super::text::Words;
use super::{IssueName, Reader, date};
use crate::workflow::Category;

/// `field operator operand`, as it was written.
pub(super) struct Clause<'a> {
    pub field: &'a str,
    pub operator: Operator,
    pub operand: Operand,
    /// Of a clause about history: when, by whom, from what and to what, each with its value.
    pub times: Vec<(String, Operand)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Compare(Comparison),
    In,
    NotIn,
    Is,
    IsNot,
    Like,
    NotLike,
    Was,
    WasNot,
    WasIn,
    WasNotIn,
    Changed,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Operand {
    One(Term),
    List(Vec<Term>),
    Empty,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Term {
    Bare(String),
    Quoted(String),
    /// Nothing, among other values of a list.
    Empty,
    /// A name and its arguments.
    Function(String, Vec<String>),
}

/// A filter, and what is to be warned of.
type Read = Result<(Filter, Vec<String>), String>;

impl Operator {
    pub(super) fn signed(sign: &str) -> Option<Self> {
        Some(match sign {
            "=" => Self::Compare(Comparison::Equal),
            "!=" => Self::Compare(Comparison::NotEqual),
            "<" => Self::Compare(Comparison::Less),
            "<=" => Self::Compare(Comparison::LessOrEqual),
            ">" => Self::Compare(Comparison::Greater),
            ">=" => Self::Compare(Comparison::GreaterOrEqual),
            "~" => Self::Like,
            "!~" => Self::NotLike,
            _ => return None,
        })
    }

    fn shown(self) -> &'static str {
        match self {
            Self::Compare(Comparison::Equal) => "=",
            Self::Compare(Comparison::NotEqual) => "!=",
            Self::Compare(Comparison::Less) => "<",
            Self::Compare(Comparison::LessOrEqual) => "<=",
            Self::Compare(Comparison::Greater) => ">",
            Self::Compare(Comparison::GreaterOrEqual) => ">=",
            Self::In => "in",
            Self::NotIn => "not in",
            Self::Is => "is",
            Self::IsNot => "is not",
            Self::Like => "~",
            Self::NotLike => "!~",
            Self::Was => "was",
            Self::WasNot => "was not",
            Self::WasIn => "was in",
            Self::WasNotIn => "was not in",
            Self::Changed => "changed",
        }
    }

    pub(super) fn asks_history(self) -> bool {
        matches!(self, Self::Was | Self::WasNot | Self::WasIn | Self::WasNotIn | Self::Changed)
    }

    /// For operators that say whether something is there: whether it should be.
    fn wanted(self) -> Option<bool> {
        match self {
            Self::Compare(Comparison::Equal) | Self::In | Self::Is | Self::Like => Some(true),
            Self::Compare(Comparison::NotEqual) | Self::NotIn | Self::IsNot | Self::NotLike => Some(false),
            Self::Compare(
                Comparison::Less | Comparison::LessOrEqual | Comparison::Greater | Comparison::GreaterOrEqual,
            )
            | Self::Was
            | Self::WasNot
            | Self::WasIn
            | Self::WasNotIn
            | Self::Changed => None,
        }
    }

    fn takes_list(self) -> bool {
        matches!(self, Self::In | Self::NotIn | Self::WasIn | Self::WasNotIn)
    }
}

impl Term {
    fn shown(&self) -> String {
        match self {
            Self::Bare(text) | Self::Quoted(text) => text.clone(),
            Self::Empty => "EMPTY".to_owned(),
            Self::Function(name, _) => format!("{name}()"),
        }
    }
}

impl Clause<'_> {
    pub(super) fn read(&self, reader: &Reader) -> Read {
        match self.known_field()? {
            Field::List(list) if self.operator.asks_history() => self.once(list, reader),
            Field::Issue => self.issues(reader),
            Field::List(list) => self.among(list, reader),
            Field::Date(date) => self.date(date, reader).map(without_warning),
            Field::Text(text) => self.text(text).map(without_warning),
        }
    }

    fn known_field(&self) -> Result<Field, String> {
        let unknown = || format!("Field '{}' does not exist or you do not have permission to view it.", self.field);
        Field::named(self.field).ok_or_else(unknown)
    }

    /// Lists go with `in`, emptiness with `is`, single values with the rest.
    pub(super) fn check_operand(&self) -> Result<(), String> {
        let (operator, field) = (self.operator.shown(), self.field);
        match (&self.operand, self.operator) {
            (Operand::List(terms), other) if !other.takes_list() => {
                let shown = terms.iter().map(|term| format!("\"{}\"", term.shown())).collect::<Vec<_>>().join(", ");
                Err(format!("Operator '{operator}' does not support the list value '({shown})' for field '{field}'."))
            }
            (Operand::One(term), operator) if operator.takes_list() && !matches!(term, Term::Function(..)) => {
                let (operator, shown) = (operator.shown(), term.shown());
                Err(format!(
                    "Operator '{operator}' does not support the non-list value '\"{shown}\"' for field '{field}'."
                ))
            }
            (Operand::One(_), Operator::Is | Operator::IsNot) => {
                Err(format!("The operator '{operator}' only supports the values 'EMPTY' and 'NULL'; field '{field}'."))
            }
            (Operand::Empty, operator) if operator.takes_list() => {
                let operator = operator.shown();
                Err(format!("Operator '{operator}' does not support the non-list value 'EMPTY' for field '{field}'."))
            }
            (Operand::Empty, Operator::Compare(_)) if self.operator.wanted().is_none() => {
                Err(format!("Field '{field}' does not support searching for EMPTY values."))
            }
            _ => Ok(()),
        }
    }

    fn terms(&self) -> &[Term] {
        match &self.operand {
            Operand::One(term) => std::slice::from_ref(term),
            Operand::List(terms) => terms,
            Operand::Empty => &[],
        }
    }

    fn unsupported(&self) -> String {
        format!("The operator '{}' is not supported by the '{}' field.", self.operator.shown(), self.field)
    }

    /// Whether the field should hold what the operand says; only for operators that ask no more than that.
    fn wanted(&self) -> Result<bool, String> {
        let likes = matches!(self.operator, Operator::Like | Operator::NotLike);
        self.operator.wanted().filter(|_| !likes).ok_or_else(|| self.unsupported())
    }

    fn among(&self, field: ListField, reader: &Reader) -> Read {
        let wanted = self.wanted()?;
        if self.operand == Operand::Empty {
            return Ok(without_warning(Filter::Empty { field, wanted }));
        }
        let (ids, warnings) = self.ids(field, self.terms(), reader)?;
        let among = Filter::Among { field, ids, wanted };
        if !self.terms().contains(&Term::Empty) {
            return Ok((among, warnings));
        }
        let both = vec![Filter::Empty { field, wanted }, among];
        Ok((if wanted { Filter::Any(both) } else { Filter::All(both) }, warnings))
    }

    /// The ids of what terms name, and what is to be warned of.
    fn ids(
        &self,
        field: ListField,
        terms: &[Term],
        reader: &Reader,
    ) -> Result<(BTreeSet<String>, Vec<String>), String> {
        let mut warnings = Vec::new();
        let mut ids = BTreeSet::new();
        for term in terms.iter().filter(|term| **term != Term::Empty) {
            match self.id(field, term, reader)? {
                Some(id) => drop(ids.insert(id)),
                None if reader.rules.validate => return Err(self.no_value(term)),
                None => warnings.push(self.no_value(term)),
            }
        }
        Ok((ids, warnings))
    }

    /// What a status once was. Jira remembers other fields too, and knows when and by whom; this site does not.
    fn once(&self, field: ListField, reader: &Reader) -> Read {
        if field != ListField::Status {
            return Err(self.unsupported());
        }
        if self.operator == Operator::Changed {
            let mut between = [None, None];
            for (name, operand) in &self.times {
                let place = usize::from(name == "to");
                between[place] = Some(self.ids(field, self.known(name, operand)?, reader)?.0);
            }
            let [from, to] = between;
            return Ok(without_warning(Filter::Changed { from, to, wanted: true }));
        }
        if let Some((name, _)) = self.times.first() {
            return Err(self.unknown_time(name));
        }
        let (ids, warnings) = self.ids(field, self.terms(), reader)?;
        let wanted = matches!(self.operator, Operator::Was | Operator::WasIn);
        Ok((Filter::Was { ids, wanted }, warnings))
    }

    fn known<'a>(&self, name: &str, operand: &'a Operand) -> Result<&'a [Term], String> {
        match operand {
            _ if !["from", "to"].contains(&name) => Err(self.unknown_time(name)),
            Operand::One(term) => Ok(std::slice::from_ref(term)),
            Operand::List(terms) => Ok(terms),
            Operand::Empty => Ok(&[]),
        }
    }

    fn unknown_time(&self, name: &str) -> String {
        format!("This site does not know '{name}' of changes of the field '{}'.", self.field)
    }

    /// The id of what a term names, if there is such a thing.
    fn id(&self, field: ListField, term: &Term, reader: &Reader) -> Result<Option<String>, String> {
        let name = match (field, term) {
            (ListField::Creator | ListField::Reporter | ListField::Assignee, Term::Function(function, _))
                if function.eq_ignore_ascii_case("currentUser") =>
            {
                return Ok(Some(reader.account.into()));
            }
            (_, Term::Function(function, _)) => return Err(no_function(function)),
            (_, Term::Empty) => return Ok(None),
            (_, Term::Bare(name) | Term::Quoted(name)) => name,
        };
        Ok(match field {
            // An unquoted number is an id before it is anything else.
            ListField::Project if matches!(term, Term::Bare(_)) => {
                reader.names.project_of(name).or_else(|| reader.names.project(name))
            }
            ListField::Project => reader.names.project(name),
            ListField::Status => reader.names.status(name),
            ListField::StatusCategory => category(name),
            ListField::IssueType => reader.names.issue_type(name),
            ListField::Creator | ListField::Reporter | ListField::Assignee => reader.names.user(name),
            // Labels are made by being used: any may be asked for.
            ListField::Labels => Some(name.clone()),
        })
    }

    fn no_value(&self, term: &Term) -> String {
        format!("The value '{}' does not exist for the field '{}'.", term.shown(), self.field)
    }

    /// A single key must exist; those in a list need not on Cloud.
    fn issues(&self, reader: &Reader) -> Read {
        if self.operand == Operand::Empty {
            // Every issue has a key.
            return Ok(without_warning(Filter::Always(!self.wanted()?)));
        }
        let (mut known, mut warnings) = (Vec::new(), Vec::new());
        // Every issue has a key: none is empty.
        for term in self.terms().iter().filter(|term| **term != Term::Empty) {
            match reader.names.issue(&term.shown()) {
                Some(issue) => known.push(issue),
                None if self.operator.takes_list() && reader.rules.unknown_keys_in_lists => {}
                None if reader.rules.validate => return Err(self.no_issue(term)),
                None => warnings.push(self.no_issue(term)),
            }
        }
        Ok((self.issue_filter(known)?, warnings))
    }

    /// A range of keys is one of numbers, and stays within the project of its key.
    fn issue_filter(&self, known: Vec<IssueName>) -> Result<Filter, String> {
        if let Some(wanted) = self.operator.wanted() {
            self.wanted()?;
            return Ok(Filter::Issue { ids: known.iter().map(|issue| issue.id).collect(), wanted });
        }
        let Operator::Compare(is) = self.operator else { return Err(self.unsupported()) };
        let range = |IssueName { project, number, .. }| Filter::Number { project, is, number };
        Ok(known.into_iter().next().map_or(Filter::Always(false), range))
    }

    fn no_issue(&self, term: &Term) -> String {
        let (name, field) = (term.shown(), self.field);
        if name.parse::<u64>().is_ok() {
            format!("A value with ID '{name}' does not exist for the field '{field}'.")
        } else if is_key(&name) {
            format!("An issue with key '{name}' does not exist for field '{field}'.")
        } else {
            format!("The issue key '{name}' for field '{field}' is invalid.")
        }
    }

    fn date(&self, field: DateField, reader: &Reader) -> Result<Filter, String> {
        if self.operand == Operand::Empty {
            // Both dates are always there.
            return Ok(Filter::Always(!self.wanted()?));
        }
        let at = |term: &Term| self.moment(term, reader);
        match (self.operator, self.terms()) {
            (Operator::Compare(is), [term]) => Ok(Filter::Date { field, is, at: at(term)? }),
            (Operator::In | Operator::NotIn, terms) => {
                let equal = |term| Ok(Filter::Date { field, is: Comparison::Equal, at: at(term)? });
                let any = terms.iter().map(equal).collect::<Result<_, String>>()?;
                Ok(Filter::Any(any).wanted(self.operator == Operator::In))
            }
            _ => Err(self.unsupported()),
        }
    }

    fn moment(&self, term: &Term, reader: &Reader) -> Result<chrono::DateTime<chrono::Utc>, String> {
        match term {
            Term::Function(name, arguments) => date::function(name, arguments, reader).ok_or_else(|| no_function(name)),
            Term::Empty => Err(self.bad_date("EMPTY")),
            Term::Bare(text) => date::bare(text, reader).ok_or_else(|| self.bad_date(text)),
            Term::Quoted(text) => date::quoted(text, reader).ok_or_else(|| self.bad_date(text)),
        }
    }

    fn bad_date(&self, text: &str) -> String {
        let field = self.field;
        format!(
            "Date value '{text}' for field '{field}' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', \
             'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'."
        )
    }

    fn text(&self, field: TextField) -> Result<Filter, String> {
        match (self.operator, self.terms()) {
            (Operator::Is | Operator::IsNot, _) => {
                Ok(Filter::TextEmpty { field, wanted: self.operator == Operator::Is })
            }
            (Operator::Like | Operator::NotLike, [Term::Function(name, _)]) => Err(no_function(name)),
            (Operator::Like | Operator::NotLike, [Term::Bare(text) | Term::Quoted(text)]) => {
                let words = Words::read(text, self.field)?;
                Ok(Filter::Contains { field, words, wanted: self.operator == Operator::Like })
            }
            (Operator::Like | Operator::NotLike, _) => {
                Ok(Filter::TextEmpty { field, wanted: self.operator == Operator::Like })
            }
            _ => Err(self.unsupported()),
        }
    }
}

fn without_warning(filter: Filter) -> (Filter, Vec<String>) {
    (filter, Vec::new())
}

fn no_function(name: &str) -> String {
    format!("Unable to find JQL function '{name}()'.")
}

/// The key of the status category of this name, key or id.
fn category(wanted: &str) -> Option<String> {
    let all = [Category::New, Category::Indeterminate, Category::Done];
    let fits = |category: &Category| {
        let names = [category.name().into(), category.key().into(), category.id().to_string()];
        names.iter().any(|name: &String| name.eq_ignore_ascii_case(wanted))
    };
    all.into_iter().find(fits).map(|category| category.key().into())
}

/// Whether it looks like the key of an issue: `ABC-12`.
fn is_key(text: &str) -> bool {
    let numbered = text.rsplit_once('-').filter(|(project, number)| !project.is_empty() && !number.is_empty());
    numbered.is_some_and(|(_, number)| number.bytes().all(|digit| digit.is_ascii_digit()))
}
