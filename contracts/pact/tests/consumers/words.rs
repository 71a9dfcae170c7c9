//! Words that pacts share: tokens, ids, problems.

use pact_consumer::{
    builders::InteractionBuilder,
    prelude::{HttpPartBuilder as _, JsonPattern, StringPattern},
    *,
};
use pact_models::{expression_parser::DataType, generators::Generator};
pub(crate) use pacts::examples::{ORDER, PAYMENT, PRODUCT, SEARCHED, USER};
use uuid::Uuid;

/// Of an id.
pub(crate) const UUID: &str = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";

/// Any id.
pub(crate) fn uuid(example: Uuid) -> JsonPattern {
    text(&format!("^{UUID}$"), &example.to_string())
}

/// Text that matches.
pub(crate) fn text(regex: &str, example: &str) -> JsonPattern {
    term!(regex, example).into()
}

/// An amount of money.
pub(crate) fn money(amount: i64) -> JsonPattern {
    json_pattern!({ "amount": like!(amount), "currency": text("^(EUR|USD|GBP)$", "EUR") })
}

/// The request carries a token of whoever the state says.
pub(crate) fn called_by(i: &mut InteractionBuilder, who: &str) {
    i.given(format!("called by {who}"));
    let bearer = term!("^Bearer [!-~]+$", "Bearer a.token.of-it");
    i.request
        .header_from_provider_state("authorization", "Bearer ${token}", bearer);
}

/// A path with something in it that the state gives: `at(i, "/x/${id}/y", "/x/", ID, "/y")`.
pub(crate) fn at(i: &mut InteractionBuilder, before: &str, name: &str, example: Uuid, after: &str) {
    let expression = format!("{before}${{{name}}}{after}");
    let pattern = term!(
        &format!("^{before}{UUID}{after}$"),
        format!("{before}{example}{after}")
    );
    i.request.path_from_provider_state(expression, pattern);
}

/// A member of the request's body that the state gives.
pub(crate) fn given_member(i: &mut InteractionBuilder, path: &str, name: &str) {
    let value = Generator::ProviderStateGenerator(format!("${{{name}}}"), Some(DataType::STRING));
    i.request.body_generator(path, value);
}

/// Answers with a body in JSON.
pub(crate) fn answers(i: &mut InteractionBuilder, status: u16, body: impl Into<JsonPattern>) {
    i.response
        .status(status)
        .content_type(media_type("application/json"))
        .json_body(body);
}

/// Answers with a problem, of which the code is what counts.
pub(crate) fn refuses(i: &mut InteractionBuilder, status: u16, code: &str) {
    problem(i, status, code, json_pattern!({}));
}

/// The same, with a flaw in a field.
pub(crate) fn finds_flaw(i: &mut InteractionBuilder, code: &str, status: u16, field: &str) {
    let errors = json_pattern!({
        "errors": each_like!({ "field": text(r"^[a-z0-9_.\[\]-]+$", field), "message": like!("is not right") }),
    });
    problem(i, status, code, errors);
}

/// Answers that it cannot now, and when to ask again.
pub(crate) fn cannot_now(i: &mut InteractionBuilder, status: u16, code: &str) {
    refuses(i, status, code);
    i.response
        .header("retry-after", term!("^[1-9][0-9]*$", "1"));
}

fn problem(i: &mut InteractionBuilder, status: u16, code: &str, more: JsonPattern) {
    let mut body = json_pattern!({
        "type": text("^urn:faultline:problem:[a-z_]+$", &format!("urn:faultline:problem:{code}")),
        "title": like!("Not possible"),
        "detail": like!("Why, in words."),
        "status": i64::from(status),
        "code": code,
        "retryable": like!(false),
    });
    if let (JsonPattern::Object(body), JsonPattern::Object(more)) = (&mut body, more) {
        body.extend(more);
    }
    i.response
        .status(status)
        .content_type(media_type("application/problem+json"))
        .json_body(body);
}

fn media_type(name: &'static str) -> StringPattern {
    let regex = format!("^{}(;.*)?$", name.replace('+', r"\+"));
    term!(&regex, name).into()
}
