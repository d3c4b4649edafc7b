//! `cargo xtask new-guard KIND`: a guard that compiles, is in the template, and whose end-to-end test fails because nobody has written yet
//! what it reads and writes. From there on docs/adding-a-guard.md leads.

use std::fs;

use anyhow::{Context as _, Result, bail};

use crate::{kinds, repo::Repo};

/// What is written, and from what.
const FILES: [(&str, &str); 7] = [
    ("crates/controls/src/{{kind_module}}.rs", include_str!("new_guard/kind.rs.in")),
    ("crates/controls/tests/{{kind_module}}/main.rs", include_str!("new_guard/kind_tests.rs.in")),
    ("crates/guards/{{kind}}/Cargo.toml", include_str!("new_guard/Cargo.toml.in")),
    ("crates/guards/{{kind}}/src/main.rs", include_str!("new_guard/main.rs.in")),
    ("crates/guards/{{kind}}/src/lib.rs", include_str!("new_guard/lib.rs.in")),
    ("events/{{kind}}/put-protection-off.json", include_str!("new_guard/event.json.in")),
    ("tests/tests/{{kind_module}}.rs", include_str!("new_guard/e2e.rs.in")),
];

/// What is added to, where, and what: the last line that begins so is followed by the new one.
const ADDED: [(&str, &str, &str); 3] = [
    ("crates/controls/src/lib.rs", "pub mod ", "pub mod {{kind_module}};"),
    (
        "crates/controls/src/kind.rs",
        "            $entry::of::<",
        "            $entry::of::<$crate::{{kind_module}}::{{Kind}}>(),",
    ),
    ("Cargo.toml", "    \"crates/guards/", "    \"crates/guards/{{kind}}\","),
];

/// Writes the guard of `kind`. Nothing is written unless everything can be.
///
/// # Errors
/// When `kind` is no name for one, or is there already, or the checkout is not as this command knows it.
pub(crate) fn run(repo: &Repo, kind: &str) -> Result<()> {
    check(kind)?;
    let mut files = Vec::new();
    for (path, text) in FILES {
        let path = filled(path, kind);
        if repo.path(&path).exists() {
            bail!("`{path}` is there already: choose another name, or delete what was begun");
        }
        files.push((path, filled(text, kind)));
    }
    for (path, beginning, line) in ADDED {
        let text = add(&repo.read(path)?, beginning, &filled(line, kind))
            .with_context(|| format!("`{path}` has no line that begins with `{beginning}`"))?;
        files.push((path.to_owned(), text));
    }
    for (path, text) in &files {
        let target = repo.path(path);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent).with_context(|| format!("could not make `{}`", parent.display()))?;
        }
        fs::write(&target, text).with_context(|| format!("could not write `{path}`"))?;
        eprintln!("wrote {path}");
    }
    eprintln!(
        "\nNow generate what follows from it, and see its end-to-end test fail:\n\n  cargo fmt && cargo xtask template && cargo xtask \
         docs\n  cargo build --release\n  cargo test -p rectify-e2e --test {module}\n\ndocs/adding-a-guard.md leads on from there.",
        module = module(kind)
    );
    Ok(())
}

/// Kebab case, and not there yet.
fn check(kind: &str) -> Result<()> {
    let words = kind
        .split('-')
        .all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
    if !words || !kind.starts_with(|c: char| c.is_ascii_lowercase()) || kind.len() > 24 {
        bail!(
            "`{kind}` is no name of a kind: lower-case words of letters and digits, joined by `-`, at most 24 characters, such as `kms-key`"
        );
    }
    if kinds::all().iter().any(|known| known.name == kind) {
        bail!("there is a guard of kind `{kind}` already");
    }
    Ok(())
}

fn module(kind: &str) -> String {
    kind.replace('-', "_")
}

fn filled(text: &str, kind: &str) -> String {
    text.replace("{{kind_module}}", &module(kind)).replace("{{Kind}}", &kinds::pascal(kind)).replace("{{kind}}", kind)
}

/// `text` with `line` after the last line that begins with `beginning`.
fn add(text: &str, beginning: &str, line: &str) -> Option<String> {
    let mut lines: Vec<&str> = text.lines().collect();
    let at = lines.iter().rposition(|line| line.starts_with(beginning))?;
    lines.insert(at + 1, line);
    Some(lines.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_none_is_refused() {
        for name in ["", "Kms", "kms_key", "-kms", "kms--key", "1kms", "s3-bucket", "../etc", "kms key"] {
            assert!(check(name).is_err(), "{name}");
        }
        check("kms-key").unwrap();
    }

    /// Everything that is added has its place in the checkout as it is.
    #[test]
    fn every_place_is_there() {
        let repo = Repo::find().unwrap();
        for (path, beginning, line) in ADDED {
            let before = repo.read(path).unwrap();
            let after = add(&before, beginning, &filled(line, "kms-key")).unwrap();
            assert!(after.contains(&filled(line, "kms-key")) && !before.contains(&filled(line, "kms-key")), "{path}");
            let (short, long) = (before.lines().count(), after.lines().count());
            assert_eq!(long - short, 1, "{path}");
        }
    }

    #[test]
    fn nothing_is_left_to_fill() {
        for (path, text) in FILES {
            assert!(!filled(path, "kms-key").contains("{{") && !filled(text, "kms-key").contains("{{"), "{path}");
        }
    }
}
