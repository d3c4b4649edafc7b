//! Orders: what a person's command or our own schedule asks directly (see [`Order`]).

use rectify_controls::{Because, Ignored, Kind, Order, Place, Resource, Selection};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Value, json};

use crate::{Failure, Guard, Report, Shell, admit::not_covered, background::Background, clock::Invocation};

/// The order in `payload`; `None` when it is an event. Only the top level counts: what is inside an event's detail is
/// somebody else's text.
pub(crate) fn parse(payload: &str) -> Result<Option<Order>, Failure> {
    #[derive(Deserialize)]
    struct Probe {
        rectify: Option<IgnoredAny>,
    }
    if !payload.contains("\"rectify\"") || !payload.trim_start().starts_with('{') {
        return Ok(None);
    }
    match serde_json::from_str::<Probe>(payload) {
        Ok(Probe { rectify: Some(_) }) => serde_json::from_str(payload)
            .map(Some)
            .map_err(|error| Failure::Order(format!("not an order this release understands: {error}"))),
        _ => Ok(None),
    }
}

/// Why an event that could have broken something is not looked at.
pub(crate) fn all_off() -> Ignored {
    Ignored::NotApplicable("every control this event can break is off here".to_owned())
}

impl<G: Guard> Shell<G> {
    pub(crate) async fn carry_out(&self, order: Order, invocation: &Invocation) -> Result<Report, Failure> {
        match order {
            Order::Look { resource, controls, because, story } => {
                self.look(&resource, &controls, because, story, invocation).await
            }
            Order::Explain { resource } => {
                let explanation = self.explain(resource, invocation).await?;
                Ok(answered("explain", &explanation))
            }
            Order::Undo { resource, correction, force, until, reason, ticket, by } => {
                let wish = crate::undo::Wish { force, until, reason, ticket, by };
                self.undo(&resource, &correction, &wish, invocation).await
            }
            Order::Tend {} => self.tend(invocation).await,
            Order::Sweep { account, region, controls, dry_run, after } => {
                let place = Place { account, region };
                self.sweep_order(&place, &controls, dry_run, after.as_deref(), invocation).await
            }
            Order::Status {} => Ok(answered("status", &self.status().await)),
            Order::Enter { account, region, write, forwarders } => {
                let wish = crate::enter::Wish { place: Place { account, region }, write, forwarders };
                Ok(answered("enter", &self.enter(wish, invocation).await))
            }
        }
    }

    /// Judges a resource again and goes the ordinary way.
    async fn look(
        &self,
        resource: &Resource,
        controls: &[String],
        because: Because,
        story: Option<Value>,
        invocation: &Invocation,
    ) -> Result<Report, Failure> {
        let (id, place) = self.target(resource)?;
        let belonging = self.belonging(&place.account).await;
        let background = Background::of_story(story, &belonging.environment.name);
        let case = self.case(id, &place, &selected::<G::Kind>(controls), &belonging, &background, invocation).await?;
        let ended = self.attend(&case).await?;
        let name = match because {
            Because::Grace => "look after grace",
            Because::NotYet => "look when it may be ready",
            Because::Resume => "look on resume",
            Because::Request => "look on request",
        };
        Ok(Report {
            event_name: Some(name.to_owned()),
            environment: Some(belonging.environment.name.clone()),
            ended,
            ..Report::default()
        })
    }

    /// The resource an order names.
    pub(crate) fn target(&self, resource: &Resource) -> Result<(<G::Kind as Kind>::Id, Place), Failure> {
        let place = Place { account: resource.account.clone(), region: resource.region.clone() };
        if !self.sessions.covers(&place.account) {
            return Err(Failure::Order(not_covered(&place.account)));
        }
        let id = <G::Kind as Kind>::id(&resource.arn, &place).ok_or_else(|| {
            Failure::Order(format!(
                "`{}` is not a resource of kind {} in account {} and region {}",
                resource.arn,
                <G::Kind as Kind>::KIND,
                place.account,
                place.region
            ))
        })?;
        Ok((id, place))
    }
}

/// The named controls of the kind; all of them when none is named.
pub(crate) fn selected<K: Kind>(controls: &[String]) -> Selection {
    let all = K::CONTROLS.iter().map(|control| control.id);
    if controls.is_empty() {
        all.collect()
    } else {
        all.filter(|id| controls.iter().any(|named| named == id)).collect()
    }
}

/// The report of an order that is answered with `answer`.
pub(crate) fn answered<T: serde::Serialize>(name: &str, answer: &T) -> Report {
    Report {
        event_name: Some(name.to_owned()),
        answer: Some(serde_json::to_value(answer).unwrap_or_else(|error| json!({"error": error.to_string()}))),
        ..Report::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_top_level_makes_an_order() {
        assert_eq!(parse(r#"{"rectify":"tend"}"#).unwrap(), Some(Order::Tend {}));
        let event = r#"{"source":"aws.s3","detail":{"rectify":"tend","requestParameters":{"rectify":"undo"}}}"#;
        assert_eq!(parse(event).unwrap(), None);
        assert_eq!(parse(r#"["rectify"]"#).unwrap(), None);
        assert_eq!(parse("not json \"rectify\"").unwrap(), None);
    }

    #[test]
    fn an_order_that_is_not_understood_is_no_event_either() {
        for text in [r#"{"rectify":"explode"}"#, r#"{"rectify":{}}"#, r#"{"rectify":"tend","force":true}"#] {
            assert!(matches!(parse(text), Err(Failure::Order(_))), "{text}");
        }
    }
}
