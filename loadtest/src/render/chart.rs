//! Line charts as SVG, inside of the page: no script, nothing loaded from anywhere.

use std::fmt::Write as _;

use super::escaped;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 220.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 34.0;

/// A chart.
#[derive(Debug)]
pub struct Chart<'a> {
    /// Above it.
    pub title: &'a str,
    /// Below the horizontal axis.
    pub x_label: &'a str,
    /// Above the vertical axis.
    pub y_label: &'a str,
    /// What it shows.
    pub lines: Vec<Line<'a>>,
    /// A height that is drawn across.
    pub limit: Option<f64>,
    /// Parts of the horizontal axis that are shaded.
    pub bands: Vec<(f64, f64)>,
}

/// A line through points that are sorted by x.
#[derive(Debug)]
pub struct Line<'a> {
    /// In the legend.
    pub name: &'a str,
    /// One of the page's colours: `a` to `d`.
    pub class: &'a str,
    /// Where it goes.
    pub points: Vec<(f64, f64)>,
    /// Marks each point, where points are measurements of their own.
    pub dots: bool,
}

impl Chart<'_> {
    /// The figure element, for a page with [`super::STYLE`].
    #[must_use]
    pub fn svg(&self) -> String {
        let points = || self.lines.iter().flat_map(|line| &line.points);
        let x_max = nice(points().map(|(x, _)| *x).fold(0.0, f64::max));
        let y_max = nice(
            points()
                .map(|(_, y)| *y)
                .chain(self.limit)
                .fold(0.0, f64::max),
        );
        let place = |x: f64, y: f64| {
            let across = LEFT + x / x_max * (WIDTH - LEFT - RIGHT);
            let up = HEIGHT - BOTTOM - y / y_max * (HEIGHT - TOP - BOTTOM);
            (across, up)
        };
        let mut svg = format!(
            "<figure><figcaption>{}</figcaption><svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">",
            escaped(self.title),
            escaped(self.title)
        );
        for (from, until) in &self.bands {
            let ((x1, top), (x2, bottom)) = (
                place(from.clamp(0.0, x_max), y_max),
                place(until.clamp(0.0, x_max), 0.0),
            );
            let (width, height) = (x2 - x1, bottom - top);
            let _ = write!(
                svg,
                "<rect class=\"band\" x=\"{x1:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>"
            );
        }
        self.grid(&mut svg, x_max, y_max, &place);
        if let Some(limit) = self.limit {
            let ((x1, y), (x2, _)) = (place(0.0, limit), place(x_max, limit));
            let _ = write!(
                svg,
                "<line class=\"limit\" x1=\"{x1:.1}\" y1=\"{y:.1}\" x2=\"{x2:.1}\" y2=\"{y:.1}\"/>"
            );
        }
        for line in &self.lines {
            let placed: Vec<(f64, f64)> = line.points.iter().map(|(x, y)| place(*x, *y)).collect();
            let path: Vec<String> = placed
                .iter()
                .map(|(x, y)| format!("{x:.1},{y:.1}"))
                .collect();
            let _ = write!(
                svg,
                "<polyline class=\"{}\" points=\"{}\"/>",
                line.class,
                path.join(" ")
            );
            for (x, y) in placed.iter().filter(|_| line.dots) {
                let _ = write!(
                    svg,
                    "<circle class=\"{}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\"/>",
                    line.class
                );
            }
        }
        svg.push_str("</svg>");
        self.legend(&mut svg);
        svg.push_str("</figure>\n");
        svg
    }

    fn grid(
        &self,
        svg: &mut String,
        x_max: f64,
        y_max: f64,
        place: &impl Fn(f64, f64) -> (f64, f64),
    ) {
        for step in 0..=4 {
            let part = f64::from(step) / 4.0;
            let ((x1, y), (x2, _)) = (place(0.0, y_max * part), place(x_max, y_max * part));
            let _ = write!(
                svg,
                "<line class=\"grid\" x1=\"{x1:.1}\" y1=\"{y:.1}\" x2=\"{x2:.1}\" y2=\"{y:.1}\"/>"
            );
            let _ = write!(
                svg,
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                LEFT - 6.0,
                y + 4.0,
                short(y_max * part)
            );
            let (x, bottom) = place(x_max * part, 0.0);
            let _ = write!(
                svg,
                "<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                bottom + 16.0,
                short(x_max * part)
            );
        }
        let (x, y) = (f64::midpoint(LEFT, WIDTH - RIGHT), HEIGHT - 4.0);
        let _ = write!(
            svg,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{}</text>",
            escaped(self.x_label)
        );
        let _ = write!(
            svg,
            "<text x=\"{LEFT}\" y=\"10\" text-anchor=\"start\">{}</text>",
            escaped(self.y_label)
        );
    }

    fn legend(&self, svg: &mut String) {
        svg.push_str("<p class=\"legend\">");
        for line in &self.lines {
            let _ = write!(
                svg,
                "<span class=\"{}\">━ {}</span> ",
                line.class,
                escaped(line.name)
            );
        }
        svg.push_str("</p>");
    }
}

/// The next of 1, 2, 2.5, 5 times a power of ten: an axis that ends where people can read it.
fn nice(highest: f64) -> f64 {
    if highest <= 0.0 {
        return 1.0;
    }
    let power = 10_f64.powf(highest.log10().floor());
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0].map(|step| step * power);
    steps
        .into_iter()
        .find(|step| *step >= highest * 0.999_999)
        .unwrap_or(10.0 * power)
}

fn short(value: f64) -> String {
    if value >= 100.0 || value.fract() == 0.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.2}")
            .trim_end_matches('0')
            .trim_end_matches('.')
            .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_at_round_numbers() {
        for (highest, axis) in [
            (0.0, 1.0),
            (87.0, 100.0),
            (101.0, 200.0),
            (0.3, 0.5),
            (2000.0, 2000.0),
        ] {
            assert!(
                (nice(highest) - axis).abs() < 1e-9,
                "{highest}: {}",
                nice(highest)
            );
        }
    }

    #[test]
    fn a_line_stays_inside_of_its_chart() {
        let line = Line {
            name: "p95",
            class: "a",
            points: vec![(0.0, 0.0), (10.0, 87.0)],
            dots: true,
        };
        let chart = Chart {
            title: "t",
            x_label: "s",
            y_label: "ms",
            lines: vec![line],
            limit: Some(100.0),
            bands: vec![(5.0, 20.0)],
        };
        let svg = chart.svg();
        assert!(
            svg.contains("x=\"400.0\" y=\"14.0\" width=\"344.0\""),
            "{svg}"
        );
        assert!(svg.contains("points=\"56.0,186.0 744.0,"), "{svg}");
        assert_eq!(svg.matches("<circle").count(), 2);
    }
}
