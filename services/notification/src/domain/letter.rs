//! What a mail says: templates with facts filled in, as text and as HTML.

use minijinja::{AutoEscape, Environment, Value, context, value::Serde};

use super::{Kind, News};

/// A mail without its addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Letter {
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

/// All templates, parsed once.
pub(crate) struct Letters {
    templates: Environment<'static>,
}

macro_rules! templates {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../templates/", $name)))),*]
    };
}

/// One text and one HTML body a kind; the text's first line is the subject.
const TEMPLATES: [(&str, &str); 13] = templates![
    "address_changed.html",
    "address_changed.txt",
    "layout.html",
    "order_cancelled.html",
    "order_cancelled.txt",
    "order_paid.html",
    "order_paid.txt",
    "order_status.html",
    "order_status.txt",
    "refund.html",
    "refund.txt",
    "welcome.html",
    "welcome.txt",
];

impl Letters {
    /// Parses the templates.
    ///
    /// # Errors
    /// A template is malformed, which the tests of this module would have shown.
    pub(crate) fn new() -> Result<Self, minijinja::Error> {
        let mut templates = Environment::new();
        templates.set_auto_escape_callback(|name| {
            if name.ends_with(".html") {
                AutoEscape::Html
            } else {
                AutoEscape::None
            }
        });
        for (name, source) in TEMPLATES {
            templates.add_template(name, source)?;
        }
        Ok(Self { templates })
    }

    /// Writes the mail for a piece of news.
    ///
    /// # Errors
    /// A template asks for a fact in a way that cannot be rendered.
    pub(crate) fn write(&self, news: &News, name: &str) -> Result<Letter, minijinja::Error> {
        let text = self.render(news.kind, "txt", news, name)?;
        let (subject, text) = text.split_once("\n\n").unwrap_or((&text, ""));
        Ok(Letter {
            subject: subject.trim().to_owned(),
            text: text.to_owned(),
            html: self.render(news.kind, "html", news, name)?,
        })
    }

    fn render(
        &self,
        kind: Kind,
        form: &str,
        news: &News,
        name: &str,
    ) -> Result<String, minijinja::Error> {
        let template = self
            .templates
            .get_template(&format!("{}.{form}", kind.as_str()))?;
        template.render(context! { name, ..Value::from(Serde(&news.facts)) })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    fn news(kind: Kind) -> News {
        let facts = json!({
            "order_id": Uuid::nil(), "reason": "it rained", "status": "shipped", "amount": "1.00 EUR",
            "verification_token": "t0k3n", "total": "7.50 EUR",
            "lines": [{ "name": "<b>Bowl</b>", "quantity": 3, "price": "7.50 EUR" }],
        });
        News {
            kind,
            user_id: Uuid::nil(),
            to: None,
            facts,
        }
    }

    #[test]
    fn every_kind_has_a_subject_a_text_and_an_html_body() {
        let letters = Letters::new().unwrap();
        for kind in Kind::ALL {
            let letter = letters.write(&news(kind), "Customer").unwrap();
            assert!(
                !letter.subject.is_empty() && !letter.subject.contains('\n'),
                "{letter:?}"
            );
            assert!(letter.text.contains("Customer"), "{letter:?}");
            assert!(letter.html.contains("</html>"), "{letter:?}");
        }
    }

    #[test]
    fn names_cannot_smuggle_markup_into_the_html() {
        let letters = Letters::new().unwrap();
        let letter = letters
            .write(&news(Kind::OrderPaid), "<script>alert(1)</script>")
            .unwrap();
        assert!(!letter.html.contains("<script>"), "{}", letter.html);
        assert!(!letter.html.contains("<b>Bowl"), "{}", letter.html);
        assert!(
            letter.text.contains("<b>Bowl</b>"),
            "text is not escaped: {}",
            letter.text
        );
    }
}
