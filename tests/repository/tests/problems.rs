//! Which problems the services can answer, read from their sources.
//!
//! `chassis::Problem` has private fields, so its constructors are the only way to make one. Their names, and the place of
//! the code among their arguments, are read from `problem.rs` itself; then every call of one of them is found in the token
//! streams of all services. A code that is not written as a literal at the call is refused, because nobody could find it.

mod constructors;
mod tokens;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use http::StatusCode;
use proc_macro2::TokenStream;

use self::{
    constructors::{Constructor, constructors},
    tokens::{Call, calls},
};
use crate::sources;

/// What is known about one code.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) statuses: BTreeSet<u16>,
    /// Crates that answer it; `chassis` stands for every service.
    pub(crate) answered_by: BTreeSet<String>,
    /// Whether it says that the same request may be sent again, at each place where it is made.
    pub(crate) retryable: BTreeSet<bool>,
    /// The texts, `None` where one is put together while the program runs.
    pub(crate) details: BTreeSet<Option<String>>,
}

/// All codes of all services.
pub(crate) fn catalogue() -> BTreeMap<String, Facts> {
    let constructors = constructors(&sources::read("services/chassis/src/problem.rs"));
    let mut codes: BTreeMap<String, Facts> = BTreeMap::new();
    for service in sources::entries("services") {
        let name = service.file_name().unwrap().to_str().unwrap().to_owned();
        for file in sources::rust_files(&service.join("src")) {
            for (code, made) in problems_of(&file, &constructors) {
                let facts = codes.entry(code).or_default();
                facts.statuses.insert(made.status.as_u16());
                facts.answered_by.insert(name.clone());
                facts.retryable.insert(made.retryable);
                facts.details.insert(made.detail);
            }
        }
    }
    codes
}

/// A problem as one place makes it.
pub(crate) struct Made {
    status: StatusCode,
    retryable: bool,
    detail: Option<String>,
}

fn problems_of(file: &Path, constructors: &[Constructor]) -> Vec<(String, Made)> {
    let text = sources::read(file);
    found_in(&text, constructors).unwrap_or_else(|reason| panic!("{}: {reason}", file.display()))
}

fn found_in(text: &str, constructors: &[Constructor]) -> Result<Vec<(String, Made)>, String> {
    let stream: TokenStream = text.parse().map_err(|error| format!("{error:?}"))?;
    let mut found = Vec::new();
    for call in calls(stream)? {
        let Some(constructor) = constructors.iter().find(|it| it.name == call.name) else {
            continue;
        };
        // Inside a constructor the code is handed on; whoever calls that one names it.
        if !constructor.hands_on(&call) {
            found.push(constructor.problem(&call)?);
        }
    }
    Ok(found)
}

impl Constructor {
    fn hands_on(&self, call: &Call) -> bool {
        call.in_problem && call.argument(self.code_at) == "code"
    }

    fn problem(&self, call: &Call) -> Result<(String, Made), String> {
        let code = tokens::literal(&call.argument(self.code_at)).ok_or_else(|| {
            format!(
                "`Problem::{}({})`: write the code as a literal here, or the catalogue of errors cannot list it",
                call.name,
                call.arguments.join(", ")
            )
        })?;
        let status = match self.status {
            Some(status) => status,
            None => constructors::status(&call.argument(0))
                .ok_or_else(|| format!("`{code}`: the status is not a StatusCode::NAME"))?,
        };
        let detail = match &self.detail {
            Some(constant) => Some(constant.clone()),
            None => tokens::literal(&call.argument(self.code_at + 1)),
        };
        let retryable = self.retryable || call.chain.iter().any(|name| name == "retry_after");
        let made = Made {
            status,
            retryable,
            detail,
        };
        Ok((code, made))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Result<Vec<String>, String> {
        let constructors = constructors(&sources::read("services/chassis/src/problem.rs"));
        let found = found_in(text, &constructors)?;
        Ok(found
            .into_iter()
            .map(|(code, made)| format!("{} {code} {}", made.status.as_u16(), made.retryable))
            .collect())
    }

    #[test]
    fn every_way_to_make_a_problem_is_seen() {
        let text = r#"
            fn f() { vec![Problem::conflict("a", "text").retry_after(wait)]; }
            fn g() { x.map_err(|e| chassis::Problem::unavailable("b", wait).caused_by(e)) }
            fn h() { Problem::new(http::StatusCode::GONE, "c", format!("{x}, {y}")) }
            impl From<E> for Problem { fn from(e: E) -> Self { match e { E::D => Self::not_found("d", "…") } } }
            #[cfg(test)] mod tests { fn t() { Problem::conflict("only_in_a_test", ""); } }
        "#;
        let expected = ["409 a true", "503 b true", "410 c false", "404 d false"];
        assert_eq!(found(text).unwrap(), expected);
    }

    #[test]
    fn a_code_that_is_not_a_literal_is_refused() {
        let refused = found("fn f(code: &'static str) { Problem::conflict(code, \"\"); }");
        assert!(refused.unwrap_err().contains("as a literal"));
    }

    #[test]
    fn a_constructor_that_is_not_called_where_it_stands_is_refused() {
        assert!(found("const MAKE: F = Problem::conflict;").is_err());
        assert!(found("use chassis::Problem as P;").is_err());
    }

    #[test]
    fn another_type_of_that_name_for_a_function_is_left_alone() {
        let text = r#"impl Thing { fn f() { Self::new("x", 1); Other::conflict(x); } }"#;
        assert_eq!(found(text).unwrap(), [""; 0]);
    }
}
