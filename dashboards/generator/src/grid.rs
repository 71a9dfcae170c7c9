//! Where panels are: Grafana's page has 24 columns; a row's panels share them.

use crate::{Panel, Row};

/// Grafana's page.
pub(crate) const COLUMNS: u32 = 24;

/// A place on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) x: u32,
    pub(crate) y: u32,
    pub(crate) w: u32,
    pub(crate) h: u32,
}

impl Place {
    /// A row's heading at this height.
    pub(crate) fn heading(y: u32) -> Self {
        Self {
            x: 0,
            y,
            w: COLUMNS,
            h: 1,
        }
    }
}

/// The places of a row's panels, whose upper edge is at `y`. Those without a width share what the others leave; what
/// cannot be divided goes to the first of them.
pub(crate) fn places(row: &Row, y: u32) -> Vec<Place> {
    let fixed: u32 = row.panels.iter().map(|panel| panel.width).sum();
    let open: Vec<&Panel> = row.panels.iter().filter(|panel| panel.width == 0).collect();
    let count = u32::try_from(open.len()).expect("a row has a handful of panels");
    let (share, mut rest) = match count {
        0 => (0, 0),
        count => ((COLUMNS - fixed) / count, (COLUMNS - fixed) % count),
    };
    let mut x = 0;
    let place = |panel: &Panel| {
        let w = match panel.width {
            0 => share + std::mem::take(&mut rest),
            width => width,
        };
        let place = Place {
            x,
            y,
            w,
            h: row.height,
        };
        x += w;
        place
    };
    row.panels.iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Show, Unit};

    fn row(widths: &[u32]) -> Row {
        let panel = |width: &u32| Panel {
            title: String::new(),
            description: String::new(),
            show: Show::Lines,
            unit: Unit::Count,
            width: *width,
            limits: Vec::new(),
            states: Vec::new(),
            max: None,
            decimals: None,
            none: None,
            more: None,
            queries: Vec::new(),
        };
        Row {
            title: String::new(),
            height: 8,
            panels: widths.iter().map(panel).collect(),
        }
    }

    fn widths(given: &[u32]) -> Vec<u32> {
        places(&row(given), 0).iter().map(|place| place.w).collect()
    }

    #[test]
    fn panels_share_the_page_and_fill_it() {
        assert_eq!(widths(&[0, 0, 0]), [8, 8, 8]);
        assert_eq!(widths(&[0, 0, 0, 0, 0]), [8, 4, 4, 4, 4]);
        assert_eq!(widths(&[6, 0]), [6, 18]);
        assert_eq!(widths(&[12, 12]), [12, 12]);
    }

    #[test]
    fn panels_stand_side_by_side() {
        let places = places(&row(&[0, 6, 0]), 3);
        let x: Vec<u32> = places.iter().map(|place| place.x).collect();
        assert_eq!(x, [0, 9, 15]);
        assert!(places.iter().all(|place| place.y == 3));
    }
}
