//! Rules about files: length, documentation, purity, white space, and nobody's machine in them.

use anyhow::Result;

use crate::repo::Repo;

/// Lines of code a file may have, its tests not counted.
const LONGEST: usize = 500;
/// Lines of tests below the code; more go to a file of their own.
const LONGEST_TESTS: usize = 150;
/// Lines of a Lambda's `main.rs`.
const LONGEST_MAIN: usize = 25;

/// Crates in which nothing may look at the world.
const PURE: &[&str] = &["event", "policy", "pattern", "controls", "render"];
const WORLD: &[&str] = &[
    "std::env",
    "std::fs",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "ToSocketAddrs",
    "std::process",
    "std::thread",
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "async fn",
    "async move",
];

/// Somebody's machine. In two parts, so that this file does not break its own rule.
const MACHINES: &[(&str, &str)] =
    &[("/wor", "k/main"), ("/wor", "k/shared"), ("/roo", "t/"), ("/Use", "rs/"), ("/hom", "e/")];

/// Files whose bytes are somebody else's.
fn is_foreign(file: &str) -> bool {
    file == "Cargo.lock" || file == "LICENSE" || file.contains("/fixtures/") || file.ends_with(".snap")
}

pub(super) fn check(repo: &Repo, files: &[String]) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for file in files.iter().filter(|file| !is_foreign(file)) {
        // Not UTF-8: an image, nothing to say about it.
        let Ok(text) = String::from_utf8(std::fs::read(repo.path(file))?) else { continue };
        problems.extend(text_rules(file, &text));
        if file.ends_with(".rs") {
            problems.extend(rust_rules(file, &text));
        }
    }
    Ok(problems)
}

fn text_rules(file: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let at = format!("{file}:{}", number + 1);
        if line.ends_with([' ', '\t']) {
            problems.push(format!("{at}: ends in white space"));
        }
        if MACHINES.iter().any(|(first, second)| is_absolute(line, &[*first, *second].concat())) {
            problems.push(format!("{at}: names a path of somebody's machine"));
        }
    }
    if !text.is_empty() && !text.ends_with('\n') {
        problems.push(format!("{file}: does not end with a line break"));
    }
    problems
}

/// Whether `path` begins somewhere in `line`, rather than going on from a word before it.
fn is_absolute(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line.get(..at).and_then(|before| before.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '}'))
    })
}

fn rust_rules(file: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let (code, tests) = lines(file, text);
    if code > LONGEST {
        problems.push(format!("{file}: {code} lines of code, at most {LONGEST}: split it by what it is about"));
    }
    if code > 0 && tests > LONGEST_TESTS {
        problems.push(format!(
            "{file}: {tests} lines of tests, at most {LONGEST_TESTS}: move them to a sibling `tests.rs`"
        ));
    }
    if file.starts_with("crates/guards/") && file.ends_with("/src/main.rs") && text.lines().count() > LONGEST_MAIN {
        problems.push(format!("{file}: more than {LONGEST_MAIN} lines: every guard's main is the same screen"));
    }
    // `tests/common/mod.rs` is how cargo wants it.
    if (!is_test(file) && file.ends_with("/mod.rs")) || file.ends_with("/utils.rs") || file.ends_with("/util.rs") {
        problems.push(format!("{file}: name the file after what it is about"));
    }
    if !is_test(file) && !text.starts_with("//!") {
        problems.push(format!("{file}: starts with what it is for, as a `//!` comment"));
    }
    for (number, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("#[allow(") || line.trim_start().starts_with("#![allow(") {
            problems.push(format!("{file}:{}: write `#[expect(lint, reason = \"…\")]` instead of `allow`", number + 1));
        }
    }
    if !is_test(file) && PURE.iter().any(|name| file.starts_with(&format!("crates/{name}/src/"))) {
        for (number, line) in text.lines().take(code).enumerate() {
            let line = line.split("//").next().unwrap_or_default();
            if let Some(word) = WORLD.iter().find(|word| line.contains(**word)) {
                problems.push(format!("{file}:{}: `{word}` in a pure crate: facts in, decision out", number + 1));
            }
        }
    }
    problems
}

/// Lines of code and lines of tests.
fn lines(file: &str, text: &str) -> (usize, usize) {
    let all = text.lines().count();
    if is_test(file) {
        return (0, all);
    }
    // `mod tests;` has its tests elsewhere.
    let mut lines = text.lines().enumerate().peekable();
    while let Some((number, line)) = lines.next() {
        let module = lines.peek().is_some_and(|(_, next)| next.starts_with("mod ") && next.ends_with('{'));
        if line == "#[cfg(test)]" && module {
            return (number, all - number);
        }
    }
    (all, 0)
}

fn is_test(file: &str) -> bool {
    file.ends_with("/tests.rs") || file.contains("/tests/") || file.starts_with("tests/") || file.contains("/examples/")
}

#[cfg(test)]
mod tests {
    use super::{lines, rust_rules, text_rules};

    #[test]
    fn tests_are_not_code() {
        let text = "//! x\nfn a() {}\n\n#[cfg(test)]\nmod tests {\n    // …\n}\n";
        assert_eq!(lines("crates/a/src/lib.rs", text), (3, 4));
        assert_eq!(lines("crates/a/src/lib.rs", "//! x\n#[cfg(test)]\nmod tests;\n"), (3, 0));
        assert_eq!(lines("crates/a/src/x/tests.rs", "fn a() {}\n"), (0, 1));
    }

    #[test]
    fn long_files_are_found() {
        let long = format!("//! x\n{}", "fn a() {}\n".repeat(500));
        assert!(rust_rules("crates/aws/src/lib.rs", &long)[0].contains("501 lines of code"));
        assert!(rust_rules("crates/aws/src/x/tests.rs", &long).is_empty());
        let main = format!("//! x\n{}", "fn a() {}\n".repeat(25));
        assert!(rust_rules("crates/guards/a/src/main.rs", &main)[0].contains("more than 25"));
        assert!(rust_rules("crates/cli/src/main.rs", &main).is_empty());
    }

    #[test]
    fn a_pure_crate_does_not_look_at_the_world() {
        let text = "//! x\n// Timestamp::now is not used\nfn a() { jiff::Timestamp::now(); }\n#[cfg(test)]\nmod tests {\n    use std::fs;\n}\n";
        let problems = rust_rules("crates/controls/src/a.rs", text);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].starts_with("crates/controls/src/a.rs:3:"));
        assert!(rust_rules("crates/aws/src/a.rs", text).is_empty());
    }

    #[test]
    fn comments_white_space_and_machines() {
        assert!(rust_rules("crates/aws/src/a.rs", "fn a() {}\n")[0].contains("`//!`"));
        assert!(rust_rules("crates/aws/src/a.rs", "//! x\n#[allow(dead_code)]\nfn a() {}\n")[0].contains(":2:"));
        assert!(text_rules("a.md", "x \n")[0].contains("a.md:1: ends in white space"));
        assert!(text_rules("a.md", "x")[0].contains("line break"));
        let machine = format!("see {}work/main/Cargo.toml\n", '/');
        assert!(text_rules("a.md", &machine)[0].contains("somebody's machine"));
        assert!(text_rules("a.md", "see docs/work/mainly\n").is_empty());
    }
}
