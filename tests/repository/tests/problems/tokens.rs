//! Calls of functions of `Problem`, found in a stream of tokens: also inside macros, which a syntax tree would not show.

use std::collections::VecDeque;

use proc_macro2::{Delimiter, Group, Ident, Literal, TokenStream, TokenTree};

/// `Problem::name(arguments).chain(…).chain(…)`, or the same through `Self`.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) name: String,
    /// As written, without comments.
    pub(super) arguments: Vec<String>,
    /// The methods that are called on the result.
    pub(super) chain: Vec<String>,
    /// Whether it stands in `impl Problem` itself.
    pub(super) in_problem: bool,
}

impl Call {
    pub(super) fn argument(&self, at: usize) -> String {
        self.arguments.get(at).cloned().unwrap_or_default()
    }
}

/// The text of a string literal that is written down as such.
pub(super) fn literal(tokens: &str) -> Option<String> {
    let literal: Literal = tokens.parse().ok()?;
    serde_json::from_str(&literal.to_string()).ok()
}

/// What `Self` means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Context {
    Other,
    /// `impl From<…> for Problem`
    Conversion,
    /// `impl Problem`
    Problem,
}

/// All calls of the stream, in order.
pub(super) fn calls(stream: TokenStream) -> Result<Vec<Call>, String> {
    let mut found = Vec::new();
    walk(stream, Context::Other, &mut found)?;
    Ok(found)
}

fn walk(stream: TokenStream, context: Context, found: &mut Vec<Call>) -> Result<(), String> {
    let mut rest: VecDeque<TokenTree> = stream.into_iter().collect();
    while let Some(token) = rest.pop_front() {
        match token {
            TokenTree::Ident(ident) if ident == "impl" => enter_impl(&mut rest, found)?,
            TokenTree::Ident(ident) if ident == "Problem" || is_self(&ident, context) => {
                call(&mut rest, context, found)?;
            }
            TokenTree::Punct(punct) if punct.as_char() == '#' => skip_tests(&mut rest),
            TokenTree::Group(group) => walk(group.stream(), context, found)?,
            _ => {}
        }
    }
    Ok(())
}

fn is_self(ident: &Ident, context: Context) -> bool {
    ident == "Self" && context != Context::Other
}

/// `impl … {`: what `Self` means between the braces. `impl Trait` in a signature ends before any brace.
fn enter_impl(rest: &mut VecDeque<TokenTree>, found: &mut Vec<Call>) -> Result<(), String> {
    let mut header = Vec::new();
    while let Some(token) = rest.pop_front() {
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                return walk(group.stream(), context_of(&header), found);
            }
            TokenTree::Punct(punct) if ",;)".contains(punct.as_char()) => return Ok(()),
            TokenTree::Group(group) => walk(group.stream(), Context::Other, found)?,
            token => header.push(token.to_string()),
        }
    }
    Ok(())
}

fn context_of(header: &[String]) -> Context {
    match header {
        [only] if only == "Problem" => Context::Problem,
        [.., last] if last == "Problem" => Context::Conversion,
        _ => Context::Other,
    }
}

/// After `Problem` or `Self`: `::name(…)`, or something else that makes no problem.
fn call(
    rest: &mut VecDeque<TokenTree>,
    context: Context,
    found: &mut Vec<Call>,
) -> Result<(), String> {
    if matches!(rest.front(), Some(TokenTree::Ident(word)) if word == "as") {
        return Err("`Problem` under another name hides its codes".into());
    }
    let path = (rest.front().map(ToString::to_string), rest.get(2).cloned());
    let (Some(":"), Some(TokenTree::Ident(name))) = (path.0.as_deref(), path.1) else {
        return Ok(());
    };
    rest.drain(..3);
    let Some(TokenTree::Group(arguments)) = rest.front().cloned() else {
        return passed_on(&name);
    };
    rest.pop_front();
    // What stands in the arguments comes first, as it does when the program runs.
    walk(arguments.stream(), context, found)?;
    found.push(Call {
        name: name.to_string(),
        arguments: split(&arguments),
        chain: chain(rest),
        in_problem: context == Context::Problem,
    });
    Ok(())
}

/// `map_err(Problem::internal)` is fine, its code is fixed; one that takes a code cannot be passed on.
fn passed_on(name: &Ident) -> Result<(), String> {
    const FIXED: [&str; 3] = ["internal", "into_response", "from"];
    if FIXED.iter().any(|fixed| name == fixed) || name.to_string().starts_with(char::is_uppercase) {
        return Ok(());
    }
    Err(format!(
        "`Problem::{name}` is not called where it stands, so its code cannot be found"
    ))
}

fn split(group: &Group) -> Vec<String> {
    let mut arguments = vec![TokenStream::new()];
    for token in group.stream() {
        match &token {
            TokenTree::Punct(punct) if punct.as_char() == ',' => {
                arguments.push(TokenStream::new());
            }
            _ => arguments.last_mut().unwrap().extend([token]),
        }
    }
    arguments.iter().map(ToString::to_string).collect()
}

/// The methods called on what came before. Only looked at: their arguments may hold calls of their own.
fn chain(rest: &VecDeque<TokenTree>) -> Vec<String> {
    let mut names = Vec::new();
    let mut tokens = rest.iter();
    while let (
        Some(TokenTree::Punct(dot)),
        Some(TokenTree::Ident(name)),
        Some(TokenTree::Group(_)),
    ) = (tokens.next(), tokens.next(), tokens.next())
    {
        if dot.as_char() != '.' {
            break;
        }
        names.push(name.to_string());
    }
    names
}

/// After `#`: leaves out what `[cfg(test)]` stands before, up to its braces or semicolon.
fn skip_tests(rest: &mut VecDeque<TokenTree>) {
    let Some(TokenTree::Group(attribute)) = rest.front() else {
        return;
    };
    if attribute.stream().to_string().replace(' ', "") != "cfg(test)" {
        return;
    }
    while let Some(token) = rest.pop_front() {
        let end = match &token {
            TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
            TokenTree::Punct(punct) => punct.as_char() == ';',
            _ => false,
        };
        if end {
            return;
        }
    }
}
