//! What Slack takes for a message (docs.slack.dev: "Blocks", "Text object", "Button element", and each block's own page).

use serde_json::Value;

/// Blocks of a message.
const BLOCKS: usize = 50;
/// Characters of the text beside them: longer is cut ("chat.postMessage"), which is a mistake here.
const TEXT: usize = 40_000;
/// Characters of all blocks' texts together; beyond it Slack answers `msg_blocks_too_long`.
const ALL: usize = 13_200;
const HEADER: usize = 150;
const SECTION: usize = 3_000;
const FIELDS: usize = 10;
const FIELD: usize = 2_000;
const CONTEXT: usize = 10;
const ACTIONS: usize = 25;
const BUTTON: usize = 75;
const URL: usize = 3_000;
const ID: usize = 255;

/// Whether Slack would take it.
///
/// # Errors
/// Slack's error code, with the block that is wrong and why behind it.
pub(super) fn check(message: &Value) -> Result<(), String> {
    let text = message.get("text").and_then(Value::as_str).unwrap_or_default();
    if text.chars().count() > TEXT {
        return Err("msg_too_long".to_owned());
    }
    let blocks = match message.get("blocks") {
        None => return if text.trim().is_empty() { Err("no_text".to_owned()) } else { Ok(()) },
        Some(Value::Array(blocks)) => blocks,
        Some(_) => return Err("invalid_blocks_format".to_owned()),
    };
    if blocks.len() > BLOCKS {
        return Err(format!("invalid_blocks: {} of at most {BLOCKS}", blocks.len()));
    }
    let mut all = 0;
    for (at, block) in blocks.iter().enumerate() {
        all += check_block(block).map_err(|why| format!("invalid_blocks: block {at}: {why}"))?;
    }
    if all > ALL { Err("msg_blocks_too_long".to_owned()) } else { Ok(()) }
}

/// How many characters of text the block has.
fn check_block(block: &Value) -> Result<usize, String> {
    if block.get("block_id").and_then(Value::as_str).is_some_and(|id| id.chars().count() > ID) {
        return Err("block_id is too long".to_owned());
    }
    match block.get("type").and_then(Value::as_str).unwrap_or_default() {
        "header" => text_object(block.get("text"), HEADER, &["plain_text"]),
        "divider" => Ok(0),
        "section" => {
            let mut length = 0;
            let fields = block.get("fields").map(|fields| list(fields, 1, FIELDS)).transpose()?;
            match (block.get("text"), &fields) {
                (Some(text), _) => length += text_object(Some(text), SECTION, &["plain_text", "mrkdwn"])?,
                (None, None) => return Err("a section has text or fields".to_owned()),
                (None, Some(_)) => {}
            }
            for field in fields.into_iter().flatten() {
                length += text_object(Some(field), FIELD, &["plain_text", "mrkdwn"])?;
            }
            Ok(length + block.get("accessory").map_or(Ok(0), button)?)
        }
        "context" => {
            let elements = list(block.get("elements").unwrap_or(&Value::Null), 1, CONTEXT)?;
            let lengths = elements.iter().map(|element| match element.get("type").and_then(Value::as_str) {
                Some("image") => Ok(0),
                _ => text_object(Some(element), SECTION, &["plain_text", "mrkdwn"]),
            });
            lengths.sum()
        }
        "actions" => list(block.get("elements").unwrap_or(&Value::Null), 1, ACTIONS)?.iter().map(button).sum(),
        "rich_text" => list(block.get("elements").unwrap_or(&Value::Null), 1, usize::MAX).map(|_| 0),
        other => Err(format!("type `{other}`")),
    }
}

fn button(element: &Value) -> Result<usize, String> {
    if element.get("type").and_then(Value::as_str) != Some("button") {
        return Err("an element that is no button".to_owned());
    }
    let url = element.get("url").and_then(Value::as_str).unwrap_or_default();
    if url.chars().count() > URL {
        return Err("a button's url is too long".to_owned());
    }
    text_object(element.get("text"), BUTTON, &["plain_text"])
}

fn text_object(object: Option<&Value>, most: usize, types: &[&str]) -> Result<usize, String> {
    let field = |key: &str| object.and_then(|object| object.get(key)?.as_str());
    let (kind, text) = (field("type").unwrap_or_default(), field("text").unwrap_or_default());
    if !types.contains(&kind) {
        return Err(format!("a text of type `{kind}`"));
    }
    match text.chars().count() {
        0 => Err("an empty text".to_owned()),
        length if length > most => Err(format!("{length} characters of at most {most}")),
        length => Ok(length),
    }
}

fn list(value: &Value, least: usize, most: usize) -> Result<&Vec<Value>, String> {
    let list = value.as_array().ok_or("no list of elements")?;
    if (least..=most).contains(&list.len()) {
        Ok(list)
    } else {
        Err(format!("{} elements of at most {most}", list.len()))
    }
}
