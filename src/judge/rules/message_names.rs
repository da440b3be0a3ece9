//! The names of parameters in a rule's message. `build.rs` reads them too, so that a message that
//! ships with a parameter that its rule does not have fails the build.

/// The names that a template looks up, each time that it does.
pub(super) fn looked_up_names(template: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = template;
    while let Some(start) = rest.find(['{']) {
        let (open, close) = match rest.get(start..start + 2) {
            Some("{{") => ("{{", "}}"),
            Some("{%") => ("{%", "%}"),
            _ => {
                rest = &rest[start + 1..];
                continue;
            }
        };
        let inside = &rest[start + open.len()..];
        let end = inside.find(close).unwrap_or(inside.len());
        names.extend(names_in(&inside[..end]));
        rest = &inside[end..];
    }
    names
}

/// The names in one expression, without Tera's own words, texts and the filters after `|`.
fn names_in(expression: &str) -> Vec<&str> {
    const WORDS: &[&str] =
        &["if", "elif", "else", "endif", "and", "or", "not", "in", "is", "true", "false"];
    let mut names = Vec::new();
    for (index, part) in expression.split(['"', '\'', '`']).enumerate() {
        if index % 2 == 1 {
            continue;
        }
        let mut before = ' ';
        for word in part.split_inclusive(|c: char| !c.is_alphanumeric() && c != '_') {
            let name = word.trim_end_matches(|c: char| !c.is_alphanumeric() && c != '_');
            let is_name = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
            if is_name && before != '|' && before != '.' && !WORDS.contains(&name) {
                names.push(name);
            }
            before = word.trim_end().chars().next_back().unwrap_or(before);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_a_message_are_its_parameters_alone() {
        let message = r#"{% if n == 1 and not gone %}{{ capture }}{% elif kind == "text" %} in
            {{ line | pluralize }}{% else %}{ a brace } {{ words.first }}{% endif %}"#;
        assert_eq!(looked_up_names(message), ["n", "gone", "capture", "kind", "line", "words"]);
    }
}
