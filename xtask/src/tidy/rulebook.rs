//! Every control has an event, a page and an end-to-end case; every trigger has an example.

use std::collections::BTreeSet;

use anyhow::Result;
use rectify_controls::Settings;

use crate::{kinds::KindSummary, repo::Repo};

pub(super) fn check(repo: &Repo, files: &[String], kinds: &[KindSummary]) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    let mut cases = String::new();
    for file in files.iter().filter(|file| file.starts_with("tests/")) {
        cases.push_str(&repo.read(file)?);
    }
    for kind in kinds {
        problems.extend(consistent(kind));
        for trigger in kind.triggers {
            let path = format!("events/{}/{}.json", kind.name, trigger.example);
            if !files.contains(&path) {
                problems.push(format!("{path}: missing, the example of trigger `{}`", trigger.name));
            }
        }
        for notice in kind.notices {
            let path = format!("events/{}/{}.json", kind.name, notice.example);
            if !files.contains(&path) {
                problems.push(format!("{path}: missing, the example of notice `{}`", notice.detail_type));
            }
        }
        for control in kind.controls {
            if !names(&cases, control.id) {
                problems.push(format!("tests/: no end-to-end case names control `{}`", control.id));
            }
        }
        let guard = format!("crates/guards/{}/Cargo.toml", kind.name);
        if !files.contains(&guard) {
            problems.push(format!("{guard}: missing, the guard of kind `{}`", kind.name));
        }
    }
    problems.extend(pages_without_a_control(files, kinds));
    problems.extend(settings(repo, kinds)?);
    Ok(problems)
}

/// What a kind says about itself.
fn consistent(kind: &KindSummary) -> Vec<String> {
    let mut problems = Vec::new();
    let ids: BTreeSet<&str> = kind.controls.iter().map(|control| control.id).collect();
    for trigger in kind.triggers {
        for id in trigger.controls.iter().filter(|id| !ids.contains(**id)) {
            problems.push(format!("{}: trigger `{}` names no control of the kind: `{id}`", kind.name, trigger.name));
        }
    }
    for notice in kind.notices {
        for id in notice.controls.iter().filter(|id| !ids.contains(**id)) {
            problems
                .push(format!("{}: notice `{}` names no control of the kind: `{id}`", kind.name, notice.detail_type));
        }
    }
    for control in kind.controls {
        let lists = kind.triggers.iter().map(|trigger| trigger.controls);
        if !lists.chain(kind.notices.iter().map(|notice| notice.controls)).any(|ids| ids.contains(&control.id)) {
            problems.push(format!("{}: no event wakes control `{}`", kind.name, control.id));
        }
    }
    problems
}

/// Pages of controls that are gone.
fn pages_without_a_control(files: &[String], kinds: &[KindSummary]) -> Vec<String> {
    let known: BTreeSet<String> = kinds
        .iter()
        .flat_map(|kind| kind.controls.iter().map(|control| format!("docs/controls/{}.md", control.id)))
        .collect();
    files
        .iter()
        .filter(|file| {
            file.starts_with("docs/controls/") && *file != "docs/controls/README.md" && !known.contains(*file)
        })
        .map(|file| format!("{file}: there is no such control any more"))
        .collect()
}

/// The settings that are deployed have to be understood by the functions they are deployed with.
fn settings(repo: &Repo, kinds: &[KindSummary]) -> Result<Vec<String>> {
    const PATH: &str = "settings/settings.toml";
    let controls: Vec<_> = kinds.iter().flat_map(|kind| kind.controls).collect();
    Ok(match Settings::parse(&repo.read(PATH)?, &controls) {
        Ok(_) => Vec::new(),
        Err(error) => vec![format!("{PATH}: {error}")],
    })
}

/// Whether `text` has `id` as a word of its own: `s3-bucket` is not in `s3-bucket-acl`.
fn names(text: &str, id: &str) -> bool {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '-';
    text.match_indices(id).any(|(at, _)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let after = text.get(at + id.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(part) && !after.is_some_and(part)
    })
}

#[cfg(test)]
mod tests {
    use rectify_controls::Trigger;

    use super::{consistent, names, pages_without_a_control};
    use crate::kinds::{KindSummary, sample::LAMP};

    #[test]
    fn ids_are_found_as_words() {
        assert!(names("(\"lamp-on\", 3)", "lamp-on"));
        assert!(!names("lamp-on-desk", "lamp-on"));
        assert!(!names("desk-lamp-on", "lamp-on"));
    }

    #[test]
    fn a_kind_that_contradicts_itself_is_found() {
        assert!(consistent(&LAMP).is_empty());
        let trigger = Trigger { controls: &["lamp-onn"], ..LAMP.triggers[0] };
        let problems = consistent(&KindSummary { triggers: vec![trigger].leak(), ..LAMP });
        assert_eq!(problems.len(), 3, "{problems:?}");
    }

    #[test]
    fn a_page_of_a_control_that_is_gone_is_found() {
        let files = ["docs/controls/README.md", "docs/controls/lamp-on.md", "docs/controls/lamp-off.md"];
        let problems = pages_without_a_control(&files.map(str::to_owned), &[LAMP]);
        assert_eq!(problems, ["docs/controls/lamp-off.md: there is no such control any more"]);
    }
}
