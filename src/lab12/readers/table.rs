//! Tables: which target a cell is of, and what its table says that it measures.

use super::command;
use super::label::{self, EvidenceRole, LabelRole, MAX_LABEL};
use super::vocabulary::table::{COMPARISONS, FIGURES};
use super::words::{self, has_word};
use crate::text::beginning;

/// A row of a table with its line.
pub(super) type TableRow = (u32, Vec<String>);

/// The most cells of a row that is read as one of a table.
const MAX_CELLS: usize = 64;

/// What a cell, or the head of a table, says as a line of its own.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TableLine {
    pub number: u32,
    /// The cell, after the words that name it.
    pub text: String,
    /// What the table says that it is a value of, where it has a head.
    pub measure: Option<String>,
    /// Whether it belongs to none of the targets that the table has cells of.
    pub is_apart: bool,
    /// What its row has as its own: its line, or the number of an object of a document.
    pub row: u32,
}

/// The rows of the table that begins at the first line; none if none does.
pub(super) fn rows_at_start(lines: &[(u32, String)]) -> Vec<TableRow> {
    let rows = lines.iter().map_while(|(number, text)| Some((*number, piped_cells(text)?)));
    let rows: Vec<TableRow> = rows.collect();
    if rows.iter().any(|(_, cells)| !is_rule(cells)) {
        return rows;
    }
    ["\t", ",", ";", "  "]
        .iter()
        .map(|mark| rows_between(lines, mark))
        .find(|rows| !rows.is_empty())
        .unwrap_or_default()
}

/// The rows of a table without frame, whose cells stand between `mark`: a head without figures,
/// and below it rows of as many cells. Either the head names targets and the rows hold figures, or
/// each row names a target.
fn rows_between(lines: &[(u32, String)], mark: &str) -> Vec<TableRow> {
    let Some(((number, head), body)) = lines.split_first() else { return Vec::new() };
    if !head.contains(mark) {
        return Vec::new();
    }
    let mut head_cells = cells_between(head, mark);
    // `Run 1` heads a column, and `0.61` does not.
    let are_names = head_cells.iter().all(|cell| {
        !cell.contains(|c: char| c.is_ascii_digit())
            || super::timing::names_runs(cell) && !starts_with_figure(cell)
    });
    if head_cells.len() < 2 || !are_names {
        return Vec::new();
    }
    // The blanks before a head in whose corner nothing stands are gone.
    let is_of_marks = matches!(mark, "," | ";");
    let is_of_summary = !is_of_marks && head_cells.iter().all(|c| qualifies_values(c));
    let first_row = body.first().map_or(0, |(_, text)| cells_between(text, mark).len());
    if is_of_summary && first_row == head_cells.len() + 1 {
        head_cells.insert(0, String::new());
    }
    let is_of_columns = head_cells[1..].iter().any(|head| names_any_target(head));
    let rows = body.iter().map_while(|(number, text)| {
        let cells = cells_between(text, mark);
        let values = match find_row_target(&cells) {
            _ if is_of_columns => 1,
            Some(target) => target + 1,
            None => return None,
        };
        let is_row = cells.len() == head_cells.len()
            && cells[values..].iter().zip(&head_cells[values..]).all(|(cell, head)| {
                let is_status = has_word(cell, "ok pass passed success fail failed error timeout");
                matches!(cell.as_str(), "-" | "")
                    || starts_with_figure(cell)
                    || is_status && !cell.contains(' ')
                    || is_of_marks && has_word(head, "comment note notes remark message error")
            });
        is_row.then_some((*number, cells))
    });
    let mut rows: Vec<TableRow> = rows.collect();
    // Of a table that goes on with what is not understood, the rows before are not all.
    let next = body.get(rows.len()).map(|(_, text)| cells_between(text, mark));
    let goes_on = next.is_some_and(|cells| cells.len() > 2 && find_row_target(&cells).is_some());
    if is_of_marks && goes_on {
        return Vec::new();
    }
    if !rows.is_empty() {
        rows.insert(0, (*number, head_cells));
    }
    rows
}

/// The cells of a row of a table without frame.
pub(super) fn cells_between(text: &str, mark: &str) -> Vec<String> {
    let is_quoted = text.contains('"') && matches!(mark, "," | ";");
    let mut is_open = false;
    let cells = text.split(|c: char| {
        is_open ^= is_quoted && c == '"';
        !is_open && mark.chars().eq([c])
    });
    let cells: Vec<&str> =
        if mark.len() == 1 { cells.collect() } else { text.split(mark).collect() };
    let cells = cells.into_iter().map(words::strip_value_marks);
    // Blanks align columns: there are as many as it takes.
    let cells = cells.filter(|cell| mark != "  " || !cell.is_empty());
    cells.take(MAX_CELLS).map(String::from).collect()
}

/// The cells of a row between upright lines.
fn piped_cells(text: &str) -> Option<Vec<String>> {
    // nushell, databases and people draw the lines of a table.
    let drawn = text.starts_with(['│', '┃', '║']).then(|| text.replace(['│', '┃', '║'], "|"));
    let text = drawn.as_deref().unwrap_or(text);
    if is_drawn_rule(text) {
        return Some(vec!["-".into(), "-".into()]);
    }
    let inner = text.strip_prefix('|')?.strip_suffix('|')?;
    // A cell writes a line of its own as `\|`.
    let inner = inner.replace("\\|", "¦");
    let cells: Vec<&str> =
        inner.split('|').take(MAX_CELLS + 1).map(words::strip_value_marks).collect();
    let plain = cells.into_iter().map(|cell| cell.replace("**", ""));
    Some(plain.collect()).filter(|cells: &Vec<String>| (2..=MAX_CELLS).contains(&cells.len()))
}

/// Whether a line is drawn between the rows of a table: `+-----+-----+`, `├──┼──┤`.
pub(super) fn is_drawn_rule(text: &str) -> bool {
    text.chars().count() > 4
        && text.starts_with(is_drawn_corner)
        && text.ends_with(is_drawn_corner)
        && text.chars().all(|c| is_drawn_corner(c) || matches!(c, '-' | '=' | '─'))
}

fn is_drawn_corner(c: char) -> bool {
    matches!(c, '+' | '┌'..='╿')
}

fn starts_with_figure(cell: &str) -> bool {
    cell.trim_start_matches(['.', '~', '<', '>', '+', '-'])
        .starts_with(|c: char| c.is_ascii_digit())
}

fn is_rule(cells: &[String]) -> bool {
    cells.iter().all(|cell| cell.chars().all(|c| matches!(c, '-' | ':' | ' ')))
}

/// The targets that values under, or after, a head are of: the one that it names, or the host
/// and runc together, whose containers the host's kernel answers.
pub(super) fn find_target_roles(head: &str) -> Vec<EvidenceRole> {
    // `nerdctl run --rm alpine true` heads the row of a table of hyperfine.
    if command::is_engine_run(head.trim_start_matches("sudo ")) {
        return Vec::from_iter(command::command_role(head));
    }
    if has_word(head, COMPARISONS) {
        return Vec::new();
    }
    match label::role_of(head) {
        Some(LabelRole::One(who)) => vec![who],
        Some(LabelRole::Unclear) if !head.contains(['-', '−', '–']) => {
            let both = vec![EvidenceRole::Host, EvidenceRole::Runc];
            if label::list_roles(head) == both { both } else { Vec::new() }
        }
        _ => Vec::new(),
    }
}

/// Whether a cell or a head names the target of values.
pub(super) fn names_any_target(cell: &str) -> bool {
    !find_target_roles(cell).is_empty()
}

/// The cells of a table as lines. A cell is a value of a target only where the head of its column
/// or row names exactly that.
pub(super) fn read_table(rows: &[TableRow]) -> Vec<TableLine> {
    let first = rows.iter().position(|(_, cells)| !is_rule(cells)).unwrap_or(rows.len());
    let rows = &rows[first..];
    let has_head = rows.get(1).is_some_and(|row| is_rule(&row.1))
        || rows.first().is_some_and(|row| is_head(&row.1));
    let (head, body) = rows.split_at(usize::from(has_head));
    let head = head.first().map_or(&[][..], |row| &row.1);
    let mut table = TableReader { head, columns: Vec::new(), lines: Vec::new() };
    table.columns = head.iter().map(|cell| find_target_roles(cell)).collect();
    let is_of_columns = table.columns.iter().skip(1).any(|roles| !roles.is_empty());
    // The corner heads the names of the rows, unless all there is are targets.
    if let Some(corner) = table.columns.first_mut()
        && !(is_of_columns && head.len() < 4 && is_plain_head(head))
    {
        corner.clear();
    }
    let is_of_rows = body.iter().any(|row| find_row_target(&row.1).is_some());
    let body = body.iter().filter(|row| !is_rule(&row.1));
    if has_head {
        table.add_head(rows[0].0, is_of_columns || is_of_rows);
    }
    for (number, cells) in body {
        if has_head && cells.len() > head.len() {
            // Whose the cells are is not known: a line within one has parted it.
            table.add_line(*number, cells.join(" | "), None, true);
        } else if is_of_columns {
            table.add_row_of_columns(*number, cells);
        } else if table.is_of_figures(cells) {
            let named = head.iter().zip(cells).map(|(name, cell)| format!("{name}={cell}"));
            table.add_line(*number, named.collect::<Vec<_>>().join(" "), None, false);
        } else {
            table.add_row(*number, cells, is_of_rows);
        }
    }
    table.lines
}

/// Whether a first row without a line under it heads a table: it has no figures, and does not
/// begin with a target unless it names others.
fn is_head(cells: &[String]) -> bool {
    let figures = cells[1..].iter().any(|cell| starts_with_figure(cell));
    !figures
        && (!names_any_target(&cells[0]) || cells[1..].iter().any(|cell| names_any_target(cell)))
}

/// Whether the cells of a head are targets and nothing else, each another.
fn is_plain_head(head: &[String]) -> bool {
    let mut roles: Vec<_> = head.iter().map(|cell| find_target_roles(cell)).collect();
    roles.sort();
    roles.dedup();
    roles.len() == head.len() && roles.iter().all(|roles| roles.len() == 1)
}

/// Which of the first cells of a row names the target of the others.
fn find_row_target(cells: &[String]) -> Option<usize> {
    let leading = &cells[..cells.len().saturating_sub(1)];
    let is_numbered = leading.first().is_some_and(|cell| starts_with_figure(cell));
    let second = leading.get(1).filter(|_| is_numbered);
    // `srv-07 | Kata container`, and no row of advice: `CI jobs | runc`.
    let is_of_machine =
        leading.first().is_some_and(|cell| cell.contains(|c: char| c.is_ascii_digit()));
    let second = second.or_else(|| {
        leading.get(1).filter(|cell| is_of_machine && words::split_words(cell).count() < 3)
    });
    match leading.first() {
        Some(first) if names_any_target(first) => Some(0),
        _ => second.filter(|cell| names_any_target(cell)).map(|_| 1),
    }
}

struct TableReader<'t> {
    head: &'t [String],
    /// The targets that its columns name.
    columns: Vec<Vec<EvidenceRole>>,
    lines: Vec<TableLine>,
}

impl TableReader<'_> {
    fn add_line(&mut self, number: u32, text: String, measure: Option<String>, is_apart: bool) {
        self.lines.push(TableLine { number, text, measure, is_apart, row: number });
    }

    /// The head, whose words may name the unit of all values; a target in its corner labels what
    /// no other words assign.
    fn add_head(&mut self, number: u32, has_targets: bool) {
        let corner = self.head.first().map(|corner| find_target_roles(corner)).unwrap_or_default();
        if let ([who], false) = (&corner[..], has_targets) {
            self.add_line(number, format!("{}:", who.into_str()), None, false);
        }
        let words: Vec<&str> = self.head.iter().map(|cell| beginning(cell, MAX_LABEL)).collect();
        if let ([], false) = (&corner[..], has_targets) {
            self.add_line(number, words.join(" | "), Some("head".into()), false);
        } else if has_targets {
            self.add_line(number, words.join(" | "), None, true);
        }
    }

    /// A row of which each column is of a target or of none.
    fn add_row_of_columns(&mut self, number: u32, cells: &[String]) {
        let first_target = self.columns.iter().position(|roles| !roles.is_empty());
        let names = cells[..first_target.unwrap_or(0).min(cells.len())].iter();
        let names = names
            .filter(|cell| words::leading_decimal(cell).is_none_or(|number| !number.1.is_empty()));
        let measure = names.map(|cell| plain_words(cell)).collect::<Vec<_>>().join(" ");
        let own = cells.first().map(|cell| find_target_roles(cell)).unwrap_or_default();
        for (index, value) in cells.iter().enumerate().skip(usize::from(first_target != Some(0))) {
            let roles = self.columns.get(index).cloned().unwrap_or_default();
            let roles: Vec<_> =
                roles.into_iter().filter(|who| own.is_empty() || own.contains(who)).collect();
            let column = self.head.get(index).map_or("", String::as_str);
            if roles.is_empty() {
                let text = format!("{measure} ({}): {value}", plain_words(column));
                self.add_line(number, text, Some(plain_words(column)), true);
            }
            for who in &roles {
                let name = if roles.len() == 1 { column } else { who.into_str() };
                self.add_value(number, *who, name, &measure, value);
            }
        }
    }

    /// A row that is of one target, or of none.
    fn add_row(&mut self, number: u32, cells: &[String], is_of_rows: bool) {
        let target = find_row_target(cells);
        let key = target.unwrap_or(0);
        let name = beginning(&cells[key], MAX_LABEL);
        let roles = find_target_roles(name);
        for (index, value) in cells.iter().enumerate().skip(key + 1) {
            let measure = self.head.get(index).map(|column| plain_words(column));
            if target.is_none() {
                let column = measure.as_deref().filter(|column| qualifies_values(column));
                let column = column.map(|column| format!(" ({column})")).unwrap_or_default();
                self.add_line(number, format!("{name}{column}: {value}"), measure, is_of_rows);
                continue;
            }
            for who in &roles {
                let name = if roles.len() == 1 { name } else { who.into_str() };
                self.add_value(number, *who, name, measure.as_deref().unwrap_or(""), value);
            }
        }
    }

    /// A value of a target after a label that says so.
    fn add_value(
        &mut self,
        number: u32,
        who: EvidenceRole,
        name: &str,
        measure: &str,
        value: &str,
    ) {
        let behind = if measure.is_empty() {
            format!(": {value}")
        } else {
            format!(" ({measure}): {value}")
        };
        let labelled = format!("{name}{behind}");
        let is_his = label::parse_label(&labelled).is_some_and(|l| l.role == LabelRole::One(who));
        let text = if is_his { labelled } else { format!("{}{behind}", who.into_str()) };
        self.add_line(number, text, Some(measure.to_string()), false);
    }

    /// Whether the columns of a table are figures of one series, `| avg | min | max | n |`: then a
    /// row belongs together.
    fn is_of_figures(&self, cells: &[String]) -> bool {
        self.head.iter().filter(|name| FIGURES.contains(&name.to_lowercase().as_str())).count() > 1
            && cells.len() == self.head.len()
            && cells.iter().all(|cell| cell.starts_with(|c: char| c.is_ascii_digit()))
    }
}

/// The words of a head without brackets, which would end those that it is put into.
fn plain_words(head: &str) -> String {
    let head = beginning(head, MAX_LABEL / 2).replace(['(', '['], ", ").replace([')', ']'], "");
    crate::text::join_words(&head).replace(" ,", ",")
}

/// Whether the head of a column says more about its values than their name: a summary, a unit,
/// another clock, a comparison.
fn qualifies_values(column: &str) -> bool {
    const WORDS: &str = "avg average mean median min max p95 ms milliseconds user sys std stddev";
    has_word(column, WORDS) || has_word(column, COMPARISONS)
}
