//! What is refused before anything is asked of AWS, and what needs no AWS at all.

use crate::harness::rectify;

#[test]
fn wrong_arguments_say_what_would_be_right() {
    let add = ["exempt", "add", "--owner", "me", "--reason", "why", "--ticket", "T-1"];
    let add = |more: &[&'static str]| [&add[..], more].concat();
    for (args, said) in [
        (vec!["history", "c-1"], "is not a correction id"),
        (vec!["history", "--since", "yesterday"], "neither a length of time such as `7d`"),
        (vec!["history", "--control", "s3-bucket-public-acls"], "did you mean `s3-bucket-public-acl`?"),
        (vec!["undo", "c-06bq3s7k8x3v9q2m1p"], "--reason"),
        (vec!["undo", "c-06bq3s7k8x3v9q2m1p", "--reason", " "], "say something"),
        (vec!["undo", "c-06bq3s7k8x3v9q2m1p", "--reason", "x", "--for", "91d"], "between 1m and 90d"),
        (vec!["pause", "--all"], "--reason"),
        (vec!["pause", "--reason", "x"], "--all"),
        (vec!["pause", "--all", "--account", "111122223333", "--reason", "x"], "cannot be used with"),
        (vec!["resume"], "--resource"),
        (vec!["deadletters", "list", "--kind", "s3"], "there is s3-bucket"),
        (vec!["history", "--stack", "a b"], "a letter, then letters, digits and hyphens"),
        (add(&["--control", "*", "--resource", "reports", "--for", "1d"]), "write `arn:aws:s3:::reports`"),
        (add(&["--control", "*", "--resource", "*"]), "--for"),
        (
            add(&["--control", "*", "--resource", "*", "--until", "2020-01-01", "--account", "111122223333"]),
            "which is past",
        ),
        (add(&["--control", "*", "--resource", "*", "--for", "1d", "--tag", "x"]), "key=value"),
    ] {
        let run = rectify(&args, b"");
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{args:?}: {run}");
        assert!(run.err.contains(said), "{args:?}: {run}");
    }
    let everything = rectify(&add(&["--control", "*", "--resource", "*", "--for", "1d"]), b"");
    assert!(everything.code == Some(5) && everything.err.contains("rectify pause --all"), "{everything}");
    let nowhere = rectify(&["history"], b"");
    assert!(nowhere.code == Some(2) && nowhere.err.contains("no AWS region is configured"), "{nowhere}");
}

#[test]
fn settings_are_checked_as_the_guards_do() {
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/../../settings/settings.toml");
    let run = rectify(&["settings", "check", shipped], b"");
    assert_eq!(run.code, Some(0), "{run}");
    assert!(run.out.starts_with("OK ") && run.out.contains("corrections an hour"), "{run}");
    let environment = "[[environment]]\nname = \"all\"\nmode = \"detective\"\ndefault = true\n\n";
    for (more, said) in [
        ("[control.s3-bucket-public-acls]\n", "standard input, line 6: "),
        ("[control.s3-bucket-public-acl]\nmode = \"corective\"\n", "standard input, line 7: "),
        ("[limits]\nreversals = 0\n", "line 7: "),
        (
            "[control.s3-bucket-logging-off]\nmode = \"detective\"\ntarget-prefix = 7\n",
            "line 8: option `target-prefix`",
        ),
    ] {
        let run = rectify(&["settings", "check", "-"], format!("{environment}{more}").as_bytes());
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{run}");
        assert!(run.err.contains(said), "{said}: {run}");
    }
    let channels = "[[channel]]\nname = \"team\"\ntype = \"slack\"\nchannel = \"C0123456789\"\nseverity = \"high\"\n\
                    secret = \"arn:aws:ssm:eu-central-1:111122223333:parameter/slack\"\n\n[[digest]]\nname = \"weekly\"\n\
                    every = \"week\"\nowner = \"web\"\nto = [\"web@example.com\"]\nchannel = \"team\"\n";
    let run = rectify(&["settings", "check", "-"], format!("{environment}{channels}").as_bytes());
    for part in [
        "channel team: slack channel C0123456789 by arn:aws:ssm:eu-central-1:111122223333:parameter/slack: high or worse",
        "flood: 30 messages a minute",
        "digest weekly: every week, of web, to web@example.com, channel team",
    ] {
        assert!(run.code == Some(0) && run.out.contains(part), "{part}: {run}");
    }
    let json = rectify(&["settings", "check", shipped, "--output", "json"], b"");
    let read = serde_json::from_str::<serde_json::Value>(&json.out).unwrap();
    assert_eq!((&read["channels"][0]["name"], &read["messages"]["flood"]), (&"default".into(), &30.into()), "{json}");
    assert!(serde_json::from_str::<serde_json::Value>(&json.out).unwrap()["environments"].is_array(), "{json}");
}
