//! The kinds of resources that have a guard. Everything that is generated is generated from this list.

use rectify_controls::{Access, Control, Kind, Notice, Trigger};

/// What the generators need to know about one kind.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KindSummary {
    /// [`Kind::KIND`].
    pub(crate) name: &'static str,
    /// [`Kind::CONTROLS`].
    pub(crate) controls: &'static [Control],
    /// [`Kind::EVENTS`].
    pub(crate) triggers: &'static [Trigger],
    /// [`Kind::NOTICES`].
    pub(crate) notices: &'static [Notice],
    /// [`Kind::ACCESS`].
    pub(crate) access: &'static [Access],
}

impl KindSummary {
    /// The summary of `K`.
    pub(crate) const fn of<K: Kind>() -> Self {
        Self { name: K::KIND, controls: K::CONTROLS, triggers: K::EVENTS, notices: K::NOTICES, access: K::ACCESS }
    }

    /// `S3Bucket` for `s3-bucket`: what logical ids in the template start with.
    pub(crate) fn pascal(&self) -> String {
        pascal(self.name)
    }
}

/// Every kind.
pub(crate) fn all() -> Vec<KindSummary> {
    rectify_controls::every_kind!(KindSummary).to_vec()
}

/// `S3Bucket` for `s3-bucket`; anything but letters and digits separates words.
pub(crate) fn pascal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut start = true;
    for c in text.chars() {
        if !c.is_ascii_alphanumeric() {
            start = true;
        } else if start {
            out.push(c.to_ascii_uppercase());
            start = false;
        } else {
            out.push(c);
        }
    }
    out
}

/// A kind to test the generators with, so that they do not depend on what the rule book says today.
#[cfg(test)]
pub(crate) mod sample {
    use rectify_controls::{Access, Action, Control, Framework, Guidance, Need, OptionSpec, Severity, Trigger};

    use super::KindSummary;

    /// Two controls, three triggers in two services, four calls.
    pub(crate) const LAMP: KindSummary = KindSummary {
        name: "desk-lamp",
        controls: &[
            Control {
                id: "lamp-on",
                title: "Lamp is on | at night",
                severity: Severity::High,
                action: Action::Correct,
                breach: "The lamp is on.",
                correction: "Switches the lamp off.",
                disruption: "It gets dark.",
                guidance: Guidance {
                    why: "Light costs money.",
                    console: "1. Switch it off.\n",
                    cli: "aws lamp switch-off",
                    terraform: "resource \"lamp\" \"x\" {}",
                    cloudformation: "Type: Lamp",
                    cdk: "new Lamp();",
                },
                frameworks: &[Framework { name: "Security Hub", ids: "L.1, L.2" }],
                options: &[OptionSpec { name: "lumens-allowed", default: "40", doc: "Brighter is a breach." }],
            },
            Control {
                id: "lamp-loose",
                title: "Lamp is loose",
                severity: Severity::Low,
                action: Action::Notify,
                breach: "The lamp is loose.",
                correction: "",
                disruption: "None.",
                guidance: Guidance {
                    why: "It falls.",
                    console: "",
                    cli: "",
                    terraform: "",
                    cloudformation: "",
                    cdk: "",
                },
                frameworks: &[],
                options: &[],
            },
        ],
        triggers: &[
            trigger("lamp.amazonaws.com", "SwitchOn", &["lamp-on"], "switch-on"),
            trigger("desk.amazonaws.com", "ShakeDesk", &["lamp-on", "lamp-loose"], "shake-desk"),
            trigger("lamp.amazonaws.com", "LoosenLamp", &["lamp-loose"], "loosen-lamp"),
        ],
        notices: &[],
        access: &[
            access("lamp:GetLamp", "lamp:GetLamp", "arn:${AWS::Partition}:lamp:::*", Need::Read),
            access("lamp:GetLampState", "lamp:GetLamp", "arn:${AWS::Partition}:lamp:::*", Need::Read),
            access("desk:GetRoom", "desk:GetRoom", "*", Need::Read),
            access("lamp:SwitchOff", "lamp:SwitchLamp", "arn:${AWS::Partition}:lamp:::*", Need::Write),
        ],
    };

    const fn trigger(
        source: &'static str,
        name: &'static str,
        controls: &'static [&'static str],
        example: &'static str,
    ) -> Trigger {
        Trigger { source, name, id: "lampId", controls, example }
    }

    const fn access(operation: &'static str, action: &'static str, resource: &'static str, need: Need) -> Access {
        Access { operation, action, resource, need }
    }
}

#[cfg(test)]
mod tests {
    use super::pascal;

    #[test]
    fn names_become_logical_ids() {
        assert_eq!(pascal("s3-bucket"), "S3Bucket");
        assert_eq!(pascal("ec2-network"), "Ec2Network");
        assert_eq!(pascal("accesspoint"), "Accesspoint");
    }
}
