//! Pages of a list: which rows a client asks for.

use serde::Deserialize;
use utoipa::IntoParams;

use crate::{Problem, problem::FieldErrors};

/// `?page=1&limit=20`: pages start at 1, limits are 1 to 100.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams, PartialEq, Eq)]
#[into_params(parameter_in = Query)]
pub struct Page {
    /// Which page, from 1.
    #[serde(default = "first_page")]
    #[param(minimum = 1, maximum = 10_000, default = 1)]
    pub page: u32,
    /// Rows a page.
    #[serde(default = "default_limit")]
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub limit: u32,
}

fn first_page() -> u32 {
    1
}

fn default_limit() -> u32 {
    20
}

impl Page {
    /// `(limit, offset)` for SQL.
    ///
    /// # Errors
    /// 422 when out of range.
    pub fn limit_offset(self) -> Result<(i64, i64), Problem> {
        let mut errors = FieldErrors::default();
        errors.require((1..=100).contains(&self.limit), "limit", "must be 1 to 100");
        errors.require(
            (1..=10_000).contains(&self.page),
            "page",
            "must be 1 to 10000",
        );
        errors.finish()?;
        let limit = i64::from(self.limit);
        Ok((limit, (i64::from(self.page) - 1) * limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_out_of_range_are_refused() {
        assert_eq!(
            Page { page: 3, limit: 20 }.limit_offset().unwrap(),
            (20, 40)
        );
        for (page, limit) in [(0, 20), (1, 0), (1, 101), (10_001, 1)] {
            assert!(Page { page, limit }.limit_offset().is_err());
        }
    }
}
