use std::io::Read as _;

use crate::harness::{command, rectify};

#[test]
fn every_shell_gets_completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let run = rectify(&["completions", shell], b"");
        assert_eq!(run.code, Some(0));
        assert!(run.out.contains("policy") && run.out.contains("controls"), "{shell}");
    }
}

#[test]
fn the_version_is_data_and_no_arguments_is_a_usage_error() {
    let version = rectify(&["--version"], b"");
    assert_eq!((version.code, version.out), (Some(0), format!("rectify {}\n", env!("CARGO_PKG_VERSION"))));
    let nothing = rectify(&[], b"");
    assert_eq!((nothing.code, nothing.out.as_str()), (Some(2), ""));
    assert!(nothing.err.contains("Usage: rectify <COMMAND>"));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    for args in [&["completions", "bash"][..], &["controls", "--output", "json"], &["--help"]] {
        let mut child = command(args).spawn().unwrap();
        drop(child.stdout.take());
        let mut err = String::new();
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        assert_eq!((child.wait().unwrap().code(), err.as_str()), (Some(0), ""), "{args:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let mut command = command(&["completions", "bash"]);
    command.stdout(std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(10));
    assert!(String::from_utf8(output.stderr).unwrap().starts_with("error: could not write to standard output: "));
}
