//! Statements into documents.

use super::{
    PreventiveError,
    document::content,
    statement::{Actions, Statement},
};

/// Each statement into the first document that has room, in order. One that fills more than a document is halved by its
/// actions until it fits: a request is denied by any of the halves as it was by the whole.
pub(super) fn pack(statements: Vec<Statement>, most: usize) -> Result<Vec<Vec<Statement>>, PreventiveError> {
    let mut documents: Vec<Vec<Statement>> = Vec::new();
    for statement in statements {
        for part in fitting(statement, most)? {
            let room = |document: &&mut Vec<Statement>| {
                // Less, not as much: between two statements is a comma.
                content(document).len() + part.json().len() < most
            };
            match documents.iter_mut().find(room) {
                Some(document) => document.push(part),
                None => documents.push(vec![part]),
            }
        }
    }
    Ok(documents)
}

fn fitting(statement: Statement, most: usize) -> Result<Vec<Statement>, PreventiveError> {
    let characters = content(std::slice::from_ref(&statement)).len();
    if characters <= most {
        return Ok(vec![statement]);
    }
    let Actions::These(actions) = &statement.actions else {
        return Err(PreventiveError::Whole { sid: statement.sid, characters, most });
    };
    if actions.len() < 2 {
        return Err(PreventiveError::One { sid: statement.sid, characters, most });
    }
    let (first, second) = actions.split_at(actions.len().div_ceil(2));
    let half = |actions: &[String], mark: char| Statement {
        sid: format!("{}{mark}", statement.sid),
        actions: Actions::These(actions.to_vec()),
        ..statement.clone()
    };
    let mut parts = fitting(half(first, 'a'), most)?;
    parts.extend(fitting(half(second, 'b'), most)?);
    Ok(parts)
}
