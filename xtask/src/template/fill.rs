//! Placeholders in the parts of the template.

use anyhow::{Result, bail};

/// `text` with every `{{name}}` replaced by its value.
///
/// A placeholder that is alone on its line takes a value of several lines, each with the line's indentation; empty lines
/// stay empty.
///
/// # Errors
/// When `text` has a placeholder that `values` does not name.
pub(super) fn fill(text: &str, values: &[(&str, &str)]) -> Result<String> {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let alone = line.trim().strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
        match alone.and_then(|name| values.iter().find(|(known, _)| *known == name)) {
            Some((_, value)) => {
                let indent: String = line.chars().take_while(|c| *c == ' ').collect();
                for inner in value.trim_end().lines() {
                    if !inner.is_empty() {
                        out.push_str(&indent);
                    }
                    out.push_str(inner);
                    out.push('\n');
                }
            }
            None => {
                let mut line = line.to_owned();
                for (name, value) in values {
                    line = line.replace(&format!("{{{{{name}}}}}"), value);
                }
                if line.contains("{{") {
                    bail!("nothing fills the placeholder in `{}`", line.trim());
                }
                out.push_str(&line);
                out.push('\n');
            }
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn values_are_filled_in_with_the_indentation_of_their_line() {
        let text = "a: {{x}}-{{x}}\n  {{block}}\nz: 1\n";
        let filled = fill(text, &[("x", "1"), ("block", "b:\n\n  c: 2\n")]).unwrap();
        assert_eq!(filled, "a: 1-1\n  b:\n\n    c: 2\nz: 1\n");
    }

    #[test]
    fn a_placeholder_without_a_value_is_an_error() {
        assert!(fill("a: {{who}}", &[]).unwrap_err().to_string().contains("{{who}}"));
        assert!(fill("{{who}}", &[("what", "1")]).is_err());
    }
}
