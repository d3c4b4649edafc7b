//! Text from outside, wherever a guard takes any.

use std::time::Duration;

use rectify_render::{Difference, Notice, Undone, Who};

/// `base` with `evil` in every place that takes text from outside.
pub(crate) fn everywhere<'a>(base: &Notice<'a>, evil: &'a str) -> Notice<'a> {
    Notice {
        id: evil,
        finding: evil,
        at: evil,
        outcome: evil,
        summary: evil,
        account_name: Some(evil),
        owner: Some(evil),
        environment: evil,
        environment_read: Some(evil),
        actor: Who {
            principal: Some(evil),
            session: Some(evil),
            source_ip: Some(evil),
            user_agent: Some(evil),
            tool: Some(evil),
            tool_class: Some(evil),
            invoked_by: Some(evil),
            chain: vec![evil; 50],
            event_name: Some(evil),
            event_id: Some(evil),
            event_time: Some(evil),
        },
        changes: vec![evil.to_owned(); 50],
        difference: Some(Difference { before: evil.repeat(3), after: format!("{evil}\n{evil}"), proposed: false }),
        proof: Some(evil),
        correction: Some(evil),
        undone: Some(Undone { by: evil, reason: evil, until: Some(evil), correction: evil }),
        why: Some(evil),
        next: Some(evil),
        paused: Some(evil),
        repeats: u64::MAX,
        took: Some(Duration::MAX),
        alarm: true,
        ..base.clone()
    }
}
