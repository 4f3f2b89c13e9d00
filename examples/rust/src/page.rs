//! The page that a journey is told on: headings, remarks, the timeline, tables. It never asks tenantry anything.
//!
//! A page is always written in colour; where a terminal does not want colour, it is taken off at the end.

use std::fmt::{Display, Write as _};

use anstyle::{AnsiColor, Style};

use comfy_table::{Attribute, Cell, CellAlignment, Color, ContentLineStyle, LineStyle, Table, TableStyle};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const TITLE: Style = AnsiColor::Cyan.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();
const MAIL: Style = AnsiColor::Yellow.on_default();

const FRAME: TableStyle = TableStyle::new()
    .top_border(LineStyle::new('╭', '─', '┬', '╮'))
    .header_lines(ContentLineStyle::new('│', '│', '│'))
    .header_separator(LineStyle::new('├', '─', '┼', '┤'))
    .content_lines(ContentLineStyle::new('│', '│', '│'))
    .bottom_border(LineStyle::new('╰', '─', '┴', '╯'));

/// Where what belongs to a moment of the timeline begins, when it is not the first to be said about it.
const UNDER: &str = "                      ";

/// What a journey has told so far.
#[derive(Debug, Default)]
pub(crate) struct Page(String);

impl Page {
    pub(crate) fn into_text(self) -> String {
        self.0
    }

    fn line(&mut self, line: impl Display) {
        writeln!(self.0, "{line}").expect("a string takes everything");
    }

    pub(crate) fn gap(&mut self) {
        if !self.0.is_empty() && !self.0.ends_with("\n\n") {
            self.0.push('\n');
        }
    }

    pub(crate) fn title(&mut self, title: &str) {
        let rule = "━".repeat(title.chars().count());
        self.line(format_args!("{TITLE}{title}{TITLE:#}"));
        self.line(format_args!("{TITLE}{rule}{TITLE:#}"));
    }

    pub(crate) fn heading(&mut self, heading: &str) {
        self.gap();
        self.line(format_args!("{BOLD}{heading}{BOLD:#}"));
    }

    pub(crate) fn remark(&mut self, remark: &str) {
        self.line(format_args!("  {DIM}{remark}{DIM:#}"));
    }

    pub(crate) fn done(&mut self, at: &str, what: &str) {
        self.line(format_args!("  {DIM}{at}{DIM:#}  {GOOD}✓{GOOD:#} {what}"));
    }

    pub(crate) fn refused(
        &mut self,
        at: &str,
        what: &str,
        number: u16,
        name: &str,
        message: &str,
        remedy: &str,
    ) {
        self.line(format_args!("  {DIM}{at}{DIM:#}  {BAD}✗{BAD:#} {what}"));
        self.line(format_args!("{UNDER}{BAD}{number} {name}{BAD:#}: {message}"));
        self.line(format_args!("{UNDER}{BOLD}remedy{BOLD:#}: {remedy}"));
    }

    pub(crate) fn mail(&mut self, kind: &str, to: &[String]) {
        self.line(format_args!("{UNDER}{MAIL}✉ {kind}{MAIL:#} → {}", to.join(", ")));
    }

    pub(crate) fn answer(&mut self, what: &str) {
        self.line(format_args!("{UNDER}{DIM}{what}{DIM:#}"));
    }

    pub(crate) fn holds(&mut self, what: &str) {
        self.line(format_args!("  {GOOD}✓{GOOD:#} {what}"));
    }

    /// What was written elsewhere, line by line as it stands there.
    pub(crate) fn verbatim(&mut self, text: &str) {
        for line in text.lines() {
            self.line(format_args!("  {DIM}│{DIM:#} {line}"));
        }
    }

    pub(crate) fn table(&mut self, header: &[&str], rows: Vec<Vec<Cell>>) {
        let mut table = Table::new();
        table.load_style(FRAME).enforce_styling().style_text_only();
        table.set_header(header.iter().map(|name| Cell::new(name).add_attribute(Attribute::Bold)));
        table.add_rows(rows);
        for line in table.lines() {
            self.line(format_args!("  {line}"));
        }
    }
}

/// A cell as it is.
pub(crate) fn plain(text: impl ToString) -> Cell {
    Cell::new(text)
}

/// A cell that steps back.
pub(crate) fn faint(text: impl ToString) -> Cell {
    Cell::new(text).add_attribute(Attribute::Dim)
}

/// A number, to the right.
pub(crate) fn count(number: impl ToString) -> Cell {
    Cell::new(number).set_alignment(CellAlignment::Right)
}

/// Something good.
pub(crate) fn good(text: impl ToString) -> Cell {
    Cell::new(text).fg(Color::Green)
}

/// Something refused.
pub(crate) fn bad(text: impl ToString) -> Cell {
    Cell::new(text).fg(Color::Red)
}
