//! Replaces `${env:NAME}` in flow files.

/// Replaces each `${env:NAME}` by the variable's value, as `env` gives it.
///
/// # Errors
/// When a variable is not set, or a `${…}` is not of the form `${env:NAME}`.
pub fn expand(text: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<String, BadReference> {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (reference, after) = after.split_once('}').ok_or(BadReference::Malformed)?;
        let name = reference.strip_prefix("env:").filter(|name| is_name(name)).ok_or(BadReference::Malformed)?;
        expanded += before;
        expanded += &env(name).ok_or_else(|| BadReference::Unset(name.to_owned()))?;
        rest = after;
    }
    Ok(expanded + rest)
}

/// Why a text could not be expanded. Repeats only the name of a variable: the rest may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadReference {
    /// The variable is not set.
    #[error("environment variable {0} is not set; set it where lockstep is started")]
    Unset(String),
    /// A `${` that does not begin a reference.
    #[error("has a `${{` that begins no variable; write ${{env:NAME}}")]
    Malformed,
}

/// Whether a text is a variable's name: letters, digits and underscores. Anything else is a mistake and may be a
/// secret.
fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(text: &str) -> Result<String, BadReference> {
        expand(text, &|name| (name == "HOST").then(|| "a.example.net".to_owned()))
    }

    #[test]
    fn variables_are_put_in_wherever_they_stand() {
        assert_eq!(expanded("https://${env:HOST}/jira"), Ok("https://a.example.net/jira".into()));
        assert_eq!(expanded("plain $ {text}"), Ok("plain $ {text}".into()));
    }

    #[test]
    fn an_unset_variable_is_named() {
        assert_eq!(expanded("${env:HOTS}"), Err(BadReference::Unset("HOTS".into())));
    }

    #[test]
    fn other_references_are_refused_rather_than_taken_as_text() {
        for wrong in ["${HOST}", "${env:}", "${env:HOST", "${env:a b}", "${env:1}"] {
            assert_eq!(expanded(wrong), Err(BadReference::Malformed), "{wrong}");
        }
    }
}
