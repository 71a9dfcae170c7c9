//! What an administrator may write about a product.

use chassis::money::{Currency, Money};
use serde::Deserialize;
use utoipa::ToSchema;

use super::attributes::{self, Attributes};

/// Characters of a SKU.
const SKU_MAX: usize = 64;
/// Characters of a name.
const NAME_MAX: usize = 200;
/// Characters of a category.
const CATEGORY_MAX: usize = 100;
/// Characters of a description.
const DESCRIPTION_MAX: usize = 4_000;
/// Highest price in minor units, a million: above it a typing error is more likely, and a full order stays far from
/// overflow.
const PRICE_MAX: i64 = 100_000_000;

/// Everything about a product that can be written, unchecked. Description and attributes may be left out.
#[derive(Clone, Debug, PartialEq, Deserialize, ToSchema)]
pub struct RawDraft {
    /// Stock keeping unit: the shop's own short name, unique among products that are sold.
    pub sku: String,
    /// One line.
    pub name: String,
    /// May have line breaks.
    #[serde(default)]
    pub description: String,
    /// One line; a filter, compared exactly.
    pub category: String,
    /// Above zero.
    pub price: Money,
    /// Free-form.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub attributes: Attributes,
}

/// A [`RawDraft`] that was checked; surrounding blanks are gone.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft(RawDraft);

/// What to change of a product; a member that is absent or null is left as it is. Attributes are replaced as a whole.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, ToSchema)]
pub struct Patch {
    /// See [`RawDraft::sku`].
    pub sku: Option<String>,
    /// See [`RawDraft::name`].
    pub name: Option<String>,
    /// See [`RawDraft::description`].
    pub description: Option<String>,
    /// See [`RawDraft::category`].
    pub category: Option<String>,
    /// See [`RawDraft::price`].
    pub price: Option<Money>,
    /// See [`RawDraft::attributes`].
    #[schema(value_type = Option<Object>)]
    pub attributes: Option<Attributes>,
}

/// A field and what it should have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// Name of the field.
    pub field: &'static str,
    /// What it should have been.
    pub message: &'static str,
}

impl std::ops::Deref for Draft {
    type Target = RawDraft;

    fn deref(&self) -> &RawDraft {
        &self.0
    }
}

impl Draft {
    /// A product that any shop might sell.
    pub(crate) fn example() -> Self {
        Self(RawDraft {
            sku: "TEAPOT-1".to_owned(),
            name: "Teapot".to_owned(),
            description: "Pours.".to_owned(),
            category: "kitchen".to_owned(),
            price: Money::new(2_500, Currency::Eur),
            attributes: Attributes::default(),
        })
    }

    /// Checks everything, so that an administrator learns all flaws at once.
    ///
    /// # Errors
    /// One flaw a field.
    pub fn new(mut raw: RawDraft) -> Result<Self, Vec<Flaw>> {
        for text in [
            &mut raw.sku,
            &mut raw.name,
            &mut raw.description,
            &mut raw.category,
        ] {
            *text = text.trim().to_owned();
        }
        let flaws: Vec<_> = [
            flaw(
                "sku",
                "must be 1 to 64 letters, digits, dots, dashes or underscores",
                is_sku(&raw.sku),
            ),
            flaw(
                "name",
                "must be one line of 1 to 200 characters",
                is_line(&raw.name, NAME_MAX),
            ),
            flaw(
                "description",
                "must be at most 4000 characters, without control characters",
                raw.description.chars().count() <= DESCRIPTION_MAX
                    && attributes::is_plain(&raw.description),
            ),
            flaw(
                "category",
                "must be one line of 1 to 100 characters",
                is_line(&raw.category, CATEGORY_MAX),
            ),
            flaw(
                "price.amount",
                "must be 1 to 100000000 minor units",
                (1..=PRICE_MAX).contains(&raw.price.amount),
            ),
            attributes::flaw(&raw.attributes).map(|message| Flaw {
                field: "attributes",
                message,
            }),
        ]
        .into_iter()
        .flatten()
        .collect();
        if flaws.is_empty() {
            Ok(Self(raw))
        } else {
            Err(flaws)
        }
    }

    /// What was stored once; it was checked when it went in.
    pub(crate) fn from_stored(raw: RawDraft) -> Self {
        Self(raw)
    }

    /// The fields themselves.
    pub fn into_raw(self) -> RawDraft {
        self.0
    }

    /// The draft with some fields replaced.
    ///
    /// # Errors
    /// As [`Draft::new`].
    pub fn patched(&self, patch: Patch) -> Result<Self, Vec<Flaw>> {
        let old = self.0.clone();
        Self::new(RawDraft {
            sku: patch.sku.unwrap_or(old.sku),
            name: patch.name.unwrap_or(old.name),
            description: patch.description.unwrap_or(old.description),
            category: patch.category.unwrap_or(old.category),
            price: patch.price.unwrap_or(old.price),
            attributes: patch.attributes.unwrap_or(old.attributes),
        })
    }
}

/// Whether a text can be searched for or filtered by: one line, not longer than any name.
pub fn is_search_term(text: &str) -> bool {
    is_line(text, NAME_MAX)
}

fn flaw(field: &'static str, message: &'static str, holds: bool) -> Option<Flaw> {
    (!holds).then_some(Flaw { field, message })
}

fn is_sku(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    (1..=SKU_MAX).contains(&text.len()) && text.chars().all(allowed)
}

fn is_line(text: &str, chars_max: usize) -> bool {
    (1..=chars_max).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use chassis::money::Currency;
    use proptest::prelude::*;

    use super::*;

    fn raw() -> RawDraft {
        RawDraft {
            sku: "LAMP-1".to_owned(),
            name: "Desk lamp".to_owned(),
            description: "Bright.\nWarm.".to_owned(),
            category: "lighting".to_owned(),
            price: Money::new(1999, Currency::Eur),
            attributes: Attributes::new(),
        }
    }

    fn fields(raw: RawDraft) -> Vec<&'static str> {
        Draft::new(raw).map_or_else(|flaws| flaws.iter().map(|f| f.field).collect(), |_| vec![])
    }

    #[test]
    fn all_flaws_are_told_at_once() {
        let bad = RawDraft {
            sku: "no blanks".to_owned(),
            name: " ".to_owned(),
            description: "\u{0}".to_owned(),
            category: "a\nb".to_owned(),
            price: Money::new(0, Currency::Eur),
            attributes: serde_json::from_str(r#"{"a":"\u0000"}"#).unwrap(),
        };
        let all = [
            "sku",
            "name",
            "description",
            "category",
            "price.amount",
            "attributes",
        ];
        assert_eq!(fields(bad), all);
    }

    #[test]
    fn lengths_count_characters_and_end_where_they_say() {
        let with_name = |chars| RawDraft {
            name: "ü".repeat(chars),
            ..raw()
        };
        assert_eq!(fields(with_name(200)), [""; 0]);
        assert_eq!(fields(with_name(201)), ["name"]);
        let with_description = |chars| RawDraft {
            description: "ü".repeat(chars),
            ..raw()
        };
        assert_eq!(fields(with_description(4000)), [""; 0]);
        assert_eq!(fields(with_description(4001)), ["description"]);
        for amount in [i64::MIN, -1, 0, PRICE_MAX + 1, i64::MAX] {
            let price = Money::new(amount, Currency::Eur);
            assert_eq!(fields(RawDraft { price, ..raw() }), ["price.amount"]);
        }
    }

    #[test]
    fn surrounding_blanks_are_not_part_of_a_text() {
        let draft = Draft::new(RawDraft {
            name: "  Desk lamp\n".to_owned(),
            ..raw()
        })
        .unwrap();
        assert_eq!(draft.name, "Desk lamp");
    }

    #[test]
    fn a_patch_changes_what_it_names_and_is_checked() {
        let draft = Draft::new(raw()).unwrap();
        assert_eq!(draft.patched(Patch::default()), Ok(draft.clone()));
        let price = Money::new(2499, Currency::Eur);
        let dearer = draft
            .patched(Patch {
                price: Some(price),
                ..Patch::default()
            })
            .unwrap();
        assert_eq!(*dearer, RawDraft { price, ..raw() });
        let nameless = Patch {
            name: Some(String::new()),
            ..Patch::default()
        };
        assert_eq!(draft.patched(nameless).unwrap_err()[0].field, "name");
    }

    proptest! {
        /// Whatever passes the check can be stored: PostgreSQL refuses NUL, and columns have their lengths.
        #[test]
        fn what_passes_can_be_stored(name: String, sku: String, description: String) {
            let any = RawDraft { name, sku, description, ..raw() };
            if let Ok(draft) = Draft::new(any) {
                let texts = [&draft.name, &draft.sku, &draft.description];
                prop_assert!(texts.iter().all(|text| !text.contains('\0')));
                prop_assert!((1..=200).contains(&draft.name.chars().count()));
                prop_assert!((1..=64).contains(&draft.sku.len()));
                prop_assert_eq!(Draft::new((*draft).clone()), Ok(draft.clone()));
            }
        }
    }
}
