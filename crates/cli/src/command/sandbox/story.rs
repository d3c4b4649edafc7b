//! The story: one thing after another is broken, and every time it is put back. It is a check, too.

mod ledger;
mod person;
mod scenes;

use std::{fmt::Write as _, time::Duration};

use rectify_render::{Style, escape};
use rectify_sandbox::{Call, Invocation, Message, World};
use serde::Deserialize;
use serde_json::Value;

use self::{
    person::{Command, Person},
    scenes::Scene,
};
use super::{Error, log::Log, log::What, tables, watch::Watch};
use crate::{
    failure::Failure,
    output::{self, Text, paint},
};

/// How long one scene may take until nothing is under way any more.
const LIMIT: Duration = Duration::from_secs(60);
/// The heading in an e-mail before which the story ends its quotation.
const UNTIL: &str = "Where";

/// What came of one scene.
struct Seen {
    /// From the breach to the proof, the delivery of the event included.
    call_to_proof: Duration,
    /// From the event's arrival in the guard to the proof.
    event_to_proof: Duration,
    /// From the guard's start to its first request for work, when it was started for this event.
    init: Option<Duration>,
    /// Events that came round because of the correction's own calls.
    own_events: usize,
    invocation: Invocation,
    message: Message,
}

/// Plays the story.
///
/// # Errors
/// [`Error::NotPutBack`] when any of them was not corrected, proven and told exactly once.
pub(super) async fn play(world: &World) -> Result<(), Failure> {
    let person = Person::new(world.endpoint(), world.region());
    output::data(&opening(world))?;
    for command in scenes::bucket(world.region()) {
        say(&format!("{}\n", typed(&command)))?;
        person.run(&command).await?;
    }
    settle(world).await?;
    let scenes = scenes::all(world.account());
    let mut times = Vec::new();
    let mut wrong = Vec::new();
    for (index, scene) in scenes.iter().enumerate() {
        heading(&format!("{} of {}. {}", index + 1, scenes.len(), scene.title))?;
        match one(world, &person, scene).await? {
            Ok(seen) => times.push((scene, seen)),
            Err(why) => {
                say(&format!("  {} {}\n", paint(Style::Bad, "NOT PUT BACK:"), escape::line(&why, 2_000)))?;
                wrong.push(format!("`{}`: {why}", scene.control));
            }
        }
    }
    heading("The ledger")?;
    for table in tables(world).await {
        let rows = world.rows(&table).await.map_err(super::Error::Start)?;
        say(&ledger::table(&rows))?;
    }
    say(&format!("\n{}", ending(&times)))?;
    if wrong.is_empty() { Ok(()) } else { Err(Error::NotPutBack(wrong.join("; ")).into()) }
}

/// One scene. The inner error says why it did not end well; the story goes on.
async fn one(world: &World, person: &Person, scene: &Scene) -> Result<Result<Seen, String>, Failure> {
    let mut id = String::new();
    for command in &scene.prepare {
        let command = command.about(&id);
        say(&format!("{}\n", typed(&command)))?;
        id = (scene.made)(&person.run(&command).await?).unwrap_or(id);
    }
    settle(world).await?;
    let (breach, look_at) = (scene.breach.about(&id), scene.look.about(&id));
    let look = async || person.ask(&look_at).await.map(|answer| (scene.words)(&answer));
    say(&format!("{}\n", typed(&look_at)))?;
    say(&state("before", Style::Plain, &look().await?))?;
    let mut watch = Watch::default();
    watch.look(world, false);
    let calls = world.calls().len();

    say(&format!("\n{}\n", typed(&breach)))?;
    person.run(&breach).await?;
    let open = look().await?;
    settle(world).await?;
    let closed = look().await?;

    let style = if open == scene.put_back { Style::Good } else { Style::Bad };
    say(&state("right after the call", style, &open))?;
    let style = if closed == scene.put_back { Style::Good } else { Style::Bad };
    say(&state("a moment later", style, &closed))?;

    say(&format!("\n  {}\n", paint(Style::Strong, "What happened (seconds since the sandbox started)")))?;
    let mut happened = watch.look(world, false);
    // Looking is no part of what happened.
    happened.retain(|happened| match &happened.what {
        What::Call { operation, .. } => operation == scene.operation,
        // Shown as the e-mail it is.
        What::Message { .. } => false,
        _ => true,
    });
    for line in Log::default().lines(happened, u64::MAX) {
        say(&format!("  {}\n", output::painted(&line)))?;
    }
    let seen = seen(world, scene, calls);
    if let Ok(seen) = &seen {
        say(&event(world, seen))?;
        say(&told(&seen.message))?;
        say(&summary(seen))?;
    }
    if closed != scene.put_back {
        return Ok(Err(format!("there is `{closed}` where `{}` was expected", scene.put_back)));
    }
    Ok(seen)
}

/// Finds the correction of a scene among what happened since the call number `calls`.
fn seen(world: &World, scene: &Scene, calls: usize) -> Result<Seen, String> {
    let calls: Vec<Call> = world.calls().split_off(calls);
    let breach = calls
        .iter()
        .find(|call| call.function.is_none() && call.operation == scene.operation)
        .ok_or("the call was not recorded")?;
    let invocations: Vec<Invocation> =
        world.invocations().into_iter().filter(|invocation| invocation.start_ns >= breach.start_ns).collect();
    let outcomes = |invocation: &Invocation| -> Vec<Value> {
        invocation.response.get("outcomes").and_then(Value::as_array).cloned().unwrap_or_default()
    };
    let is = |ended: &Value, name: &str, value: &str| ended.get(name).and_then(Value::as_str) == Some(value);
    let corrected = |invocation: &&Invocation| {
        outcomes(invocation)
            .iter()
            .any(|ended| is(ended, "control", scene.control) && is(ended, "outcome", "corrected"))
    };
    let corrections: Vec<&Invocation> = invocations.iter().filter(corrected).collect();
    if corrections.len() > 1 {
        return Err(format!("it was corrected {} times in place of once", corrections.len()));
    }
    let Some(invocation) = corrections.first().copied().cloned() else {
        let ends: Vec<String> = invocations.iter().map(|invocation| invocation.response.to_string()).collect();
        return Err(format!(
            "no guard says `corrected`, but {}",
            if ends.is_empty() { "nothing".to_owned() } else { ends.join(", ") }
        ));
    };
    let messages: Vec<Message> = world
        .messages()
        .into_iter()
        .filter(|message| {
            message.at_ns >= breach.start_ns
                && message.attributes.get("control").is_some_and(|control| control == scene.control)
        })
        .collect();
    let [message] = messages.as_slice() else {
        return Err(format!("it was told {} times in place of once", messages.len()));
    };
    // A guard tells a correction only with the proof in its hands, and then at once.
    let told = calls
        .iter()
        .find(|call| call.function.is_some() && call.operation == "SendMessage" && call.end_ns >= invocation.start_ns)
        .ok_or("the message's call was not recorded")?;
    let span = |from: u64| Duration::from_nanos(told.start_ns.saturating_sub(from));
    Ok(Seen {
        call_to_proof: span(breach.start_ns),
        event_to_proof: span(invocation.start_ns),
        init: invocation.init_ns.filter(|_| invocation.cold).map(Duration::from_nanos),
        own_events: invocations.len().saturating_sub(1),
        invocation,
        message: message.clone(),
    })
}

async fn settle(world: &World) -> Result<(), Error> {
    if world.idle(LIMIT).await { Ok(()) } else { Err(Error::StillBusy(LIMIT.as_secs())) }
}

fn opening(world: &World) -> Text {
    format!(
        "\n{}\n\n  \
           AWS        a small one on this machine (moto), at {}\n  \
           account    {} in {}\n  \
           guards     the real Lambda binaries, each under its role of template.yaml\n\n  \
           What a person would type starts with a dollar sign.\n\n",
        paint(Style::Strong, "One thing after another is broken, and every time it is put back"),
        world.endpoint(),
        world.account(),
        world.region(),
    )
}

fn heading(text: &str) -> Result<(), Failure> {
    say(&format!("\n{}\n\n", paint(Style::Strong, text)))
}

/// A command as a person types it.
fn typed(command: &Command) -> Text {
    let mut text = Text::new();
    for (index, line) in command.typed.lines().enumerate() {
        let start = if index == 0 { "$ aws " } else { "    " };
        let _ = writeln!(text, "  {}", paint(Style::Strong, &escape::line(&format!("{start}{line}"), 500)));
    }
    text.pop();
    text
}

fn state(when: &str, style: Style, words: &str) -> Text {
    format!("  {}{}\n", paint(Style::Dim, &format!("{when:<22}")), paint(style, &escape::line(words, 500)))
}

/// The event that woke the guard.
fn event(world: &World, seen: &Seen) -> Text {
    let id = seen.invocation.event_id.as_deref();
    let events = world.events();
    let event = events.iter().find(|event| id.is_some() && event.get("id").and_then(Value::as_str) == id);
    let of = |path: &str| {
        let text = event.and_then(|event| event.pointer(path)).and_then(Value::as_str).unwrap_or("?");
        escape::line(text, 300)
    };
    format!(
        "\n  {}\n    {}: {} at {}, by {}\n",
        paint(Style::Strong, "The event that woke the guard"),
        of("/detail-type"),
        of("/detail/eventName"),
        of("/detail/eventSource"),
        of("/detail/userIdentity/arn"),
    )
}

/// The e-mail: its subject and how it begins.
fn told(message: &Message) -> Text {
    #[derive(Deserialize)]
    struct Bodies {
        email: String,
    }
    let email = serde_json::from_str::<Bodies>(&message.body).map_or_else(|_| message.body.clone(), |b| b.email);
    let mut text = format!(
        "\n  {}\n    Subject: {}\n\n",
        paint(Style::Strong, "What was told, by e-mail"),
        escape::line(message.subject.as_deref().unwrap_or_default(), 300)
    );
    let (quoted, rest): (Vec<&str>, Vec<&str>) = {
        let mut lines = email.lines();
        (lines.by_ref().take_while(|line| *line != UNTIL).collect(), lines.collect())
    };
    for line in quoted {
        let line = escape::line(line, 300);
        let _ = writeln!(text, "{}", format!("    {line}").trim_end());
    }
    let rest = format!("({} more lines: where, who, how to undo it, how to be exempted, why)", rest.len());
    let _ = writeln!(text, "    {}", paint(Style::Dim, &rest));
    text
}

fn summary(seen: &Seen) -> Text {
    let started = seen.init.map_or("it was warm".to_owned(), |init| format!("it started in {} ms", init.as_millis()));
    let own = match seen.own_events {
        1 => "Its own call came round as an event, and changed nothing.".to_owned(),
        many => format!("Its own {many} calls came round as events, and changed nothing."),
    };
    format!(
        "\n  {} {} ms after the call, {} ms after the guard had the event ({started}).\n  {own}\n",
        paint(Style::Good, "Put back and proven"),
        seen.call_to_proof.as_millis(),
        seen.event_to_proof.as_millis(),
    )
}

fn ending(times: &[(&Scene, Seen)]) -> Text {
    let mut text = format!("{}\n\n", paint(Style::Strong, "How long it took, from the call to the proof"));
    for (scene, seen) in times {
        let _ = writeln!(text, "  {:<36}{:>6} ms", scene.control, seen.call_to_proof.as_millis());
    }
    let _ = writeln!(
        text,
        "\n  Nearly all of it is spent waiting for moto; `cargo xtask bench` takes it apart.\n\n{}\n",
        paint(Style::Strong, "What to try next"),
    );
    let own = own_path();
    for (what, why) in [
        (format!("{own} sandbox"), "the same world for your own `aws` commands, until Ctrl-C"),
        (format!("{own} controls"), "what is watched, and what is done about it"),
        (format!("{own} policy FILE --service s3"), "who gets in through a bucket policy"),
        ("settings/settings.toml".to_owned(), "where it is put back, and where it is only told"),
    ] {
        let _ = writeln!(text, "  {:<50}{why}", escape::line(&what, 300));
    }
    text
}

/// This command as a person in this folder types it.
fn own_path() -> String {
    let path = std::env::current_exe().unwrap_or_else(|_| "rectify".into());
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(&here).unwrap_or(&path).display().to_string()
}

fn say(text: &str) -> Result<(), Failure> {
    output::data(text)
}
