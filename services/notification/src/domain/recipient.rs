//! Whom a mail is for.

/// Longest name that is shown: enough for a person, too short for a message smuggled into a stranger's mail.
const NAME_CHARS_MAX: usize = 80;

/// An address, and how to greet whoever is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recipient {
    pub(crate) email: String,
    pub(crate) name: String,
}

impl Recipient {
    /// A name is what a customer typed: without control characters it cannot become another header or paragraph.
    pub(crate) fn new(email: String, name: &str) -> Self {
        let name: String = name
            .chars()
            .filter(|c| !c.is_control())
            .take(NAME_CHARS_MAX)
            .collect();
        let name = name.trim();
        let name = if name.is_empty() { "customer" } else { name };
        Self {
            email,
            name: name.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_short_line() {
        let name = |typed: &str| Recipient::new(String::new(), typed).name;
        assert_eq!(
            name("Eve\r\nBcc: all@faultline.test"),
            "EveBcc: all@faultline.test"
        );
        assert_eq!(name(&"x".repeat(500)).len(), NAME_CHARS_MAX);
        assert_eq!(name(" \u{0} "), "customer");
    }
}
