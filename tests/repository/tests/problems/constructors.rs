//! The constructors of `Problem`, read from the source of `impl Problem`.

use http::StatusCode;
use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::tokens::{Call, calls, literal};

/// A function that makes a problem from a code.
#[derive(Debug)]
pub(super) struct Constructor {
    pub(super) name: String,
    /// Which argument the code is.
    pub(super) code_at: usize,
    /// `None` when the first argument is the status.
    pub(super) status: Option<StatusCode>,
    /// The text, when it is always the same.
    pub(super) detail: Option<String>,
    /// Whether what it makes is always retryable.
    pub(super) retryable: bool,
}

/// All of them. Fails when there is none: then the source looks other than this module thinks.
pub(super) fn constructors(problem_rs: &str) -> Vec<Constructor> {
    let stream: TokenStream = problem_rs.parse().unwrap();
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    let body = tokens
        .windows(3)
        .find_map(|window| match window {
            [
                TokenTree::Ident(word),
                TokenTree::Ident(name),
                TokenTree::Group(body),
            ] if word == "impl" && name == "Problem" => Some(body.stream()),
            _ => None,
        })
        .expect("problem.rs has an `impl Problem`");
    let found = functions(body);
    assert!(
        found.iter().any(|it| it.name == "new"),
        "problem.rs has no `Problem::new` that takes a code"
    );
    found
}

fn functions(body: TokenStream) -> Vec<Constructor> {
    let tokens: Vec<TokenTree> = body.into_iter().collect();
    let mut found = Vec::new();
    for (at, window) in tokens.windows(3).enumerate() {
        let [
            TokenTree::Ident(word),
            TokenTree::Ident(name),
            TokenTree::Group(parameters),
        ] = window
        else {
            continue;
        };
        let code_at = code_parameter(parameters.stream());
        if word == "fn"
            && let Some(code_at) = code_at
        {
            let body = tokens[at..].iter().find_map(braces).unwrap();
            found.push(constructor(&name.to_string(), code_at, body));
        }
    }
    found
}

fn braces(token: &TokenTree) -> Option<TokenStream> {
    match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Some(group.stream()),
        _ => None,
    }
}

/// Which parameter is called `code`. No parameter before it has a comma in its type.
fn code_parameter(parameters: TokenStream) -> Option<usize> {
    let text: Vec<String> = parameters.into_iter().map(|it| it.to_string()).collect();
    let at = text.windows(2).position(|pair| pair == ["code", ":"])?;
    Some(text[..at].iter().filter(|token| *token == ",").count())
}

fn constructor(name: &str, code_at: usize, body: TokenStream) -> Constructor {
    // `Self` is `Problem` here, which the calls of a bare body cannot show.
    let wrapped: TokenStream = format!("impl Problem {{ {body} }}").parse().unwrap();
    let delegates = calls(wrapped).unwrap();
    let delegate: Option<&Call> = delegates.iter().find(|call| call.name == "new");
    Constructor {
        name: name.to_owned(),
        code_at,
        status: delegate.and_then(|call| status(&call.argument(0))),
        detail: delegate.and_then(|call| literal(&call.argument(2))),
        retryable: delegate.is_some_and(|call| call.chain.iter().any(|it| it == "retry_after")),
    }
}

/// `StatusCode::NOT_FOUND`, however qualified, as a status.
pub(super) fn status(path: &str) -> Option<StatusCode> {
    let (owner, name) = path.rsplit_once("::")?;
    if !owner.trim().ends_with("StatusCode") {
        return None;
    }
    (400..600)
        .filter_map(|code| StatusCode::from_u16(code).ok())
        .find(|status| constant(*status).as_deref() == Some(name.trim()))
}

/// The name of the constant, which is its reason phrase in capitals.
fn constant(status: StatusCode) -> Option<String> {
    let reason = status.canonical_reason()?;
    Some(reason.to_uppercase().replace([' ', '-'], "_"))
}
