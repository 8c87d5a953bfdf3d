//! The types of values in flow files, each with its reading and its schema.

use std::marker::PhantomData;
use std::time::Duration;

use jsonc_parser::ast::Value;
use jsonc_parser::common::Ranged;

use super::super::finding::{At, Findings, Placed};
use super::super::schema::Schema;
use super::object::{is_comment, placed, refuse_repeated};
use super::{FromJson, Maybe, nearest};
use crate::flow::Secret;

/// A value that is written as one of a few texts.
pub struct OneOf<T>(pub T);

/// A type whose values are written as texts.
pub trait Named: Copy + 'static {
    /// Every text with its value.
    const NAMES: &'static [(&'static str, Self)];
}

/// A duration that is written as a number in some unit.
pub struct Span<M>(pub Duration, PhantomData<M>);

/// The unit and limits of a [`Span`].
pub trait Measure {
    /// The unit in seconds.
    const UNIT: f64;
    /// The shortest duration that is accepted, in seconds.
    const LEAST: f64;
    /// The longest duration that is accepted, in seconds.
    const MOST: f64;
    /// The limits in words, as in "must be from 1 second to 30 days".
    const LIMITS: &'static str;
}

/// An object with fields of any name, in the order of the file, without comments and nulls.
pub struct Map<T>(pub Vec<(Placed<String>, Placed<T>)>);

/// A value of any kind, which is ignored.
pub struct Anything;

impl FromJson for String {
    fn from_json(value: &Value<'_>, at: &At, findings: &Findings) -> Option<Self> {
        of_kind(value.as_string_lit(), "a text", value, at, findings).map(|text| text.value.to_string())
    }

    fn schema() -> Schema {
        Schema::kind("string")
    }
}

impl FromJson for Secret {
    fn from_json(value: &Value<'_>, at: &At, findings: &Findings) -> Option<Self> {
        String::from_json(value, at, findings).map(Self::new)
    }

    fn schema() -> Schema {
        Schema::kind("string")
    }
}

impl FromJson for bool {
    fn from_json(value: &Value<'_>, at: &At, findings: &Findings) -> Option<Self> {
        of_kind(value.as_boolean_lit(), "true or false", value, at, findings).map(|flag| flag.value)
    }

    fn schema() -> Schema {
        Schema::kind("boolean")
    }
}

/// Numbers are always finite.
impl FromJson for f64 {
    fn from_json(value: &Value<'_>, at: &At, findings: &Findings) -> Option<Self> {
        let number = of_kind(value.as_number_lit(), "a number", value, at, findings)?;
        let finite = number.value.parse().ok().filter(|number: &f64| number.is_finite());
        if finite.is_none() {
            findings.problem(at, "is too large a number");
        }
        finite
    }

    fn schema() -> Schema {
        Schema::kind("number")
    }
}

impl<T: Named> FromJson for OneOf<T> {
    fn from_json(value: &Value<'_>, at: &At, findings: &Findings) -> Option<Self> {
        let text = String::from_json(value, at, findings)?;
        let meant = T::NAMES.iter().find(|(name, _)| *name == text).map(|(_, meant)| Self(*meant));
        if meant.is_none() {
            findings.problem(at, must_be_one_of(&text, &names::<T>()));
        }
        meant
    }

    fn schema() -> Schema {
        Schema::kind("string").among(names::<T>())
    }
}

impl<M: Measure> FromJson for Span<M> {
    fn from_json(value: &Value<'_>, at: &At, findings: &Findings) -> Option<Self> {
        let seconds = f64::from_json(value, at, findings)? * M::UNIT;
        let allowed = (M::LEAST..=M::MOST).contains(&seconds);
        let span = Duration::try_from_secs_f64(seconds).ok().filter(|_| allowed);
        if span.is_none() {
            findings.problem(at, format!("must be {}", M::LIMITS));
        }
        span.map(|span| Self(span, PhantomData))
    }

    fn schema() -> Schema {
        Schema::kind("number").between(M::LEAST / M::UNIT, M::MOST / M::UNIT)
    }
}

/// Elements of the wrong kind are reported and left out.
impl<T: FromJson> FromJson for Vec<Placed<T>> {
    fn from_json(value: &Value<'_>, at: &At, findings: &Findings) -> Option<Self> {
        let array = of_kind(value.as_array(), "a list", value, at, findings)?;
        let item = |(index, value): (usize, &Value<'_>)| placed(value, at.item(index, value.start()), findings);
        Some(array.elements.iter().enumerate().filter_map(item).collect())
    }

    fn schema() -> Schema {
        Schema::kind("array").of_items(T::schema())
    }
}

/// Values of the wrong kind are reported and left out.
impl<T: FromJson> FromJson for Map<T> {
    fn from_json(value: &Value<'_>, at: &At, findings: &Findings) -> Option<Self> {
        let json = of_kind(value.as_object(), "an object", value, at, findings)?;
        refuse_repeated(json, at, findings);
        let entry = |property: &jsonc_parser::ast::ObjectProp<'_>| {
            let name = property.name.as_str();
            let told = !is_comment(name) && property.value.as_null_keyword().is_none();
            let key = Placed { at: at.field(name, property.start()), value: name.to_owned() };
            let value: Maybe<T> = told
                .then(|| at.field(name, property.value.start()))
                .and_then(|at| placed(&property.value, at, findings));
            Some((key, value?))
        };
        Some(Self(json.properties.iter().filter_map(entry).collect()))
    }

    fn schema() -> Schema {
        Schema::kind("object").of_values(T::schema().or_null())
    }
}

impl FromJson for Anything {
    fn from_json(_: &Value<'_>, _: &At, _: &Findings) -> Option<Self> {
        Some(Self)
    }

    fn schema() -> Schema {
        Schema::default()
    }
}

pub(super) fn of_kind<T>(cast: Option<T>, wanted: &str, value: &Value<'_>, at: &At, findings: &Findings) -> Option<T> {
    if cast.is_none() {
        findings.problem(at, format!("must be {wanted}, not {}", kind(value)));
    }
    cast
}

/// The kind of a value. The value itself is not repeated: it may be a secret.
fn kind(value: &Value<'_>) -> &'static str {
    match value {
        Value::StringLit(_) => "a text",
        Value::NumberLit(_) => "a number",
        Value::BooleanLit(flag) if flag.value => "true",
        Value::BooleanLit(_) => "false",
        Value::Object(_) => "an object",
        Value::Array(_) => "a list",
        Value::NullKeyword(_) => "null",
    }
}

fn names<T: Named>() -> Vec<&'static str> {
    T::NAMES.iter().map(|(name, _)| *name).collect()
}

fn must_be_one_of(found: &str, names: &[&str]) -> String {
    let listed = names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
    let meant = nearest(found, names).map(|name| format!(" (did you mean {name:?}?)")).unwrap_or_default();
    // What was found is not repeated: it may be a token in the wrong place.
    format!("must be one of {listed}{meant}")
}
