//! What stands in the members, and the ways between them and the hub.

use rectify_controls::{AccountId, Need, pattern::event_pattern};

use super::*;

/// Every text in `value`, tags left out.
pub(super) fn texts<'a>(value: &'a Value, into: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => into.push(text),
        Value::Tagged(tagged) => texts(&tagged.value, into),
        Value::Mapping(map) => map.values().for_each(|inner| texts(inner, into)),
        Value::Sequence(items) => items.iter().for_each(|inner| texts(inner, into)),
        _ => {}
    }
}

fn all_texts(value: &Value) -> Vec<&str> {
    let mut out = Vec::new();
    texts(value, &mut out);
    out
}

/// Actions of all policies of a role.
fn actions(role: &Value) -> BTreeSet<String> {
    let policies = role["Properties"]["Policies"].as_sequence().unwrap();
    policies
        .iter()
        .flat_map(|policy| statements(&policy["PolicyDocument"]).into_values().flat_map(|(actions, _)| actions))
        .map(str::to_owned)
        .collect()
}

/// `text` as the hub's names have it: a member writes `HubStack` where the hub writes its own.
fn in_hub(text: &str) -> String {
    text.replace("${HubStack}", "${AWS::StackName}").replace("${HubAccount}", "${AWS::AccountId}")
}

/// Nobody reads what another guard reads: one of them may read what is in an account's objects.
#[test]
fn each_kind_reads_with_a_role_of_its_own_that_cannot_write() {
    let kinds = [kinds::all(), vec![LAMP]].concat();
    let member = named("member.yaml", &kinds);
    for kind in &kinds {
        let observe = actions(&member["Resources"][format!("{}ObserveRole", kind.pascal())]);
        let of = |need: Need| -> BTreeSet<String> {
            kind.access.iter().filter(|access| access.need == need).map(|access| access.action.to_owned()).collect()
        };
        let mut reads = of(Need::Read);
        reads.insert("events:DescribeRule".to_owned()); // what the doctor asks
        assert_eq!(observe, reads, "{}", kind.name);
        // S3 decrypts an object in the reader's name: reading, by another name.
        for action in observe.iter().filter(|action| *action != "kms:Decrypt") {
            let name = action.split_once(':').unwrap().1;
            assert!(
                ["Get", "GET", "List", "Describe", "Detect", "Lookup", "Head"]
                    .iter()
                    .any(|read| name.starts_with(read)),
                "{action}"
            );
        }
    }
}

#[test]
fn each_kind_writes_with_a_role_of_its_own_and_a_kind_that_only_reads_has_none() {
    let only_reads = kinds::KindSummary { name: "window", access: vec![LAMP.access[0]].leak(), ..LAMP };
    let correct = named("member-correct.yaml", &[LAMP, only_reads]);
    let roles: Vec<_> = correct["Resources"].as_mapping().unwrap().keys().map(|id| id.as_str().unwrap()).collect();
    assert_eq!(roles, ["DeskLampCorrectRole"]);
    let role = &correct["Resources"]["DeskLampCorrectRole"];
    assert_eq!(plain(&role["Properties"]["RoleName"]), "${HubStack}-correct-desk-lamp");
    let all: BTreeSet<String> = LAMP.access.iter().map(|access| access.action.to_owned()).collect();
    assert_eq!(actions(role), all, "what is written as a whole is read first");
}

/// Who may come in: the hub's function role of that kind, of this organisation, with the external id; nobody else.
#[test]
fn members_trust_exactly_the_guards_of_the_hub() {
    let kinds = [kinds::all(), vec![LAMP]].concat();
    let (member, correct) = (named("member.yaml", &kinds), named("member-correct.yaml", &kinds));
    let hub = template(&kinds);
    let function_role = |kind: &kinds::KindSummary| {
        let role = &hub["Resources"][format!("{}GuardRole", kind.pascal())]["Properties"];
        format!("role{}{}", plain(&role["Path"]), plain(&role["RoleName"]))
    };
    for kind in &kinds {
        let observe = &member["Resources"][format!("{}ObserveRole", kind.pascal())]["Properties"];
        assert_eq!(plain(&observe["RoleName"]), format!("${{HubStack}}-observe-{}", kind.name));
        let observe = observe["AssumeRolePolicyDocument"]["Statement"].as_sequence().unwrap();
        assert_eq!(observe.len(), 1);
        let arn = in_hub(plain(&observe[0]["Condition"]["ArnEquals"]["aws:PrincipalArn"]));
        assert!(arn.ends_with(&function_role(kind)), "{arn}");
        let own = &correct["Resources"][format!("{}CorrectRole", kind.pascal())]["Properties"];
        let statements = own["AssumeRolePolicyDocument"]["Statement"].as_sequence().unwrap();
        assert_eq!(statements.len(), 2);
        for statement in statements {
            let condition = &statement["Condition"];
            assert_eq!(in_hub(plain(&condition["ArnEquals"]["aws:PrincipalArn"])), arn, "exactly its own guard");
            assert_eq!(plain(&condition["StringEquals"]["aws:PrincipalOrgID"]), "OrganizationId");
        }
        let tags = all_texts(&statements[1]["Condition"]["ForAllValues:StringEquals"]["aws:TagKeys"]);
        assert_eq!(
            (plain(&statements[1]["Action"]), tags),
            ("sts:TagSession", vec!["rectify:control", "rectify:correction"])
        );
    }
    for (file, role) in [(&member, "DeskLampObserveRole"), (&correct, "DeskLampCorrectRole")] {
        let condition = &file["Resources"][role]["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]["Condition"];
        assert_eq!(plain(&condition["StringEquals"]["aws:PrincipalOrgID"]), "OrganizationId");
        assert_eq!(plain(&condition["StringEquals"]["sts:ExternalId"]), "${HubStack}-${HubAccount}");
    }
}

/// What the hub's guards ask for is what members have: the same names, from both sides, as the code makes them.
#[test]
fn names_on_both_sides_are_those_of_the_code() {
    let names = rectify_aws_names();
    let hub = template(&[LAMP]);
    let enter = hub["Resources"]["DeskLampGuardRole"]["Properties"]["Policies"].as_sequence().unwrap();
    let enter = all_texts(enter.last().unwrap());
    let member = AccountId::new("444455556666").unwrap();
    for role in [names.observe_role(&member, "desk-lamp"), names.correct_role(&member, "desk-lamp")] {
        let pattern = role.replace("444455556666", "*").replace("arn:aws:", "arn:${AWS::Partition}:");
        let pattern = pattern.replace("/hub-", "/${AWS::StackName}-");
        assert!(enter.contains(&pattern.as_str()), "{pattern} in {enter:?}");
    }
    assert!(enter.contains(&"InOrganization"), "without an organisation nobody is entered");
    let text = files(&[LAMP]).unwrap().into_iter().map(|file| file.text).collect::<String>();
    for (name, written) in [
        (names.forward_role(&member), "role/rectify/${HubStack}-forward"),
        (names.bus("eu-central-1"), "event-bus/${HubStack}"),
        (names.external_id(), "${HubStack}-${HubAccount}"),
    ] {
        let made = written.replace("${HubStack}", "hub").replace("${HubAccount}", "111122223333");
        assert!(name.ends_with(&made) && text.contains(written), "{name} {written}");
    }
}

fn rectify_aws_names() -> rectify_controls::Names {
    rectify_controls::Names {
        partition: "aws".into(),
        stack: "hub".into(),
        hub: AccountId::new("111122223333").unwrap(),
    }
}

#[test]
fn every_account_forwards_what_each_guard_wakes_for_to_the_hubs_bus() {
    let kinds = [kinds::all(), vec![LAMP]].concat();
    let member = named("member.yaml", &kinds);
    for kind in &kinds {
        let rule = &member["Resources"][format!("{}Rule", kind.pascal())]["Properties"];
        let pattern = serde_json::to_value(&rule["EventPattern"]).unwrap();
        if kind.name == LAMP.name {
            assert_eq!(pattern, event_pattern(kind.triggers, kind.notices), "nobody else is woken by it");
        }
        let ways = pattern["$or"].as_array().cloned().unwrap_or_else(|| vec![pattern.clone()]);
        let mut sources = ways.iter().flat_map(|way| way["source"].as_array().unwrap());
        assert!(sources.all(|source| source.as_str().unwrap().starts_with("aws.")));
        assert_eq!(plain(&rule["Name"]), format!("${{HubStack}}-{}", kind.name));
        let targets = rule["Targets"].as_sequence().unwrap();
        assert_eq!(targets.len(), 1);
        assert!(plain(&targets[0]["Arn"]).ends_with("${HubRegion}:${HubAccount}:event-bus/${HubStack}"));
        let role = all_texts(&targets[0]["RoleArn"]);
        assert!(role[0] == "AtHome" && role[1] == "ForwardRole.Arn", "{role:?}");
        assert!(role[2].ends_with("role/rectify/${HubStack}-forward"));
    }
    let forward = &member["Resources"]["ForwardRole"];
    assert_eq!(actions(forward), ["events:PutEvents".to_owned()].into());
    let bus = all_texts(&forward["Properties"]["Policies"][0]["PolicyDocument"]["Statement"][0]["Resource"]);
    assert!(bus[0].ends_with("${HubRegion}:${HubAccount}:event-bus/${HubStack}"), "{bus:?}");
}

/// An event that two rules sent would be on the hub's bus twice, and wake each guard twice.
#[test]
fn every_event_is_sent_to_the_hub_once() {
    let kinds = kinds::all();
    let member = named("member.yaml", &kinds);
    let rules: Vec<Pattern> = (kinds.iter())
        .map(|kind| &member["Resources"][format!("{}Rule", kind.pascal())]["Properties"]["EventPattern"])
        .map(|pattern| Pattern::from_value(&serde_json::to_value(pattern).unwrap()).unwrap())
        .collect();
    let repo = crate::repo::Repo::find().unwrap();
    for kind in &kinds {
        let examples = kind.triggers.iter().map(|trigger| trigger.example);
        for example in examples.chain(kind.notices.iter().map(|notice| notice.example)) {
            let path = format!("events/{}/{example}.json", kind.name);
            let event: Json = serde_json::from_str(&repo.read(&path).unwrap()).unwrap();
            assert_eq!(rules.iter().filter(|rule| rule.matches(&event)).count(), 1, "{path}");
        }
    }
}

/// The bus is open to the organisation, the rule that sweeps and probes only to the hub account itself.
#[test]
fn own_events_are_believed_from_the_hub_only() {
    let hub = template(&[LAMP]);
    let own = &hub["Resources"]["DeskLampGuard"]["Properties"]["Events"]["Own"]["Properties"];
    assert_eq!(plain(&own["Pattern"]["account"][0]), "AWS::AccountId");
    assert_eq!(plain(&own["Pattern"]["source"][0]), "rectify");
    let mut pattern = serde_json::to_value(serde_json::json!({
        "source": ["rectify"], "account": ["111122223333"], "detail-type": ["Sweep", "Probe"],
        "detail": {"kind": ["desk-lamp"]},
    }))
    .unwrap();
    let event = |account: &str| json!({"source": "rectify", "account": account, "detail-type": "Sweep", "detail": {"kind": "desk-lamp"}});
    let matches = |pattern: &Json, event: &Json| Pattern::from_value(pattern).unwrap().matches(event);
    assert!(matches(&pattern, &event("111122223333")) && !matches(&pattern, &event("444455556666")));
    let written: BTreeSet<_> = own["Pattern"].as_mapping().unwrap().keys().map(|key| key.as_str().unwrap()).collect();
    let meant: BTreeSet<_> = pattern.as_object_mut().unwrap().keys().map(String::as_str).collect();
    assert_eq!(written, meant);
    let policy = &hub["Resources"]["BusPolicy"]["Properties"]["Statement"];
    assert_eq!(plain(&policy["Condition"]["StringEquals"]["aws:PrincipalOrgID"]), "OrganizationId");
    assert_eq!(plain(&policy["Action"]), "events:PutEvents");
}

/// A guard that is taken out of the rule book leaves nothing behind, in the hub or in a member.
#[test]
fn without_a_guard_nothing_of_it_remains() {
    for path in ["template.yaml", "member.yaml", "member-correct.yaml"] {
        let with = files(&[kinds::all(), vec![LAMP]].concat()).unwrap();
        let text = &with.iter().find(|file| file.path == path).unwrap().text;
        assert!(text.contains("DeskLamp") && text.contains("desk-lamp"), "{path}");
        let without = files(&kinds::all()).unwrap();
        let text = &without.iter().find(|file| file.path == path).unwrap().text;
        assert!(!text.contains("DeskLamp") && !text.contains("desk-lamp"), "{path}");
    }
}

/// Without an organisation the stack guards its own account, on the default bus, and asks for nothing beyond.
#[test]
fn what_belongs_to_an_organisation_hangs_on_there_being_one() {
    let hub = template(&[LAMP]);
    for (id, resource) in hub["Resources"].as_mapping().unwrap() {
        let id = id.as_str().unwrap();
        let kind = plain(&resource["Type"]);
        let of_the_organisation =
            matches!(kind, "AWS::Events::EventBus" | "AWS::Events::EventBusPolicy" | "AWS::CloudFormation::StackSet")
                || id.starts_with("StackSet");
        if of_the_organisation {
            let condition = plain(&resource["Condition"]);
            assert!(["InOrganization", "Watches", "Corrects"].contains(&condition), "{id}: {condition}");
        }
    }
    for name in ["Watches", "Corrects"] {
        assert!(all_texts(&hub["Conditions"][name]).contains(&"InOrganization"), "{name}");
    }
}

/// The baseline for CloudFront is the region's, with another scope, where CloudFront's web ACLs are; the hub makes its own.
#[test]
fn the_baseline_for_cloudfront_is_made_in_one_region() {
    let member = named("member.yaml", &kinds::all());
    let condition = &member["Conditions"]["HasGlobalBaselineWebAcl"];
    assert_eq!(all_texts(condition), ["HasBaselineWebAcl", "AWS::Region", "us-east-1"]);
    let mut region = member["Resources"]["BaselineWebAclOfRegion"].clone();
    region["Condition"] = "HasGlobalBaselineWebAcl".into();
    for name in ["Scope", "Description"] {
        region["Properties"][name] = member["Resources"]["BaselineWebAclOfCloudFront"]["Properties"][name].clone();
    }
    assert_eq!(region, member["Resources"]["BaselineWebAclOfCloudFront"]);
    assert_eq!(plain(&region["Properties"]["Scope"]), "CLOUDFRONT");
    let hub = named("template.yaml", &kinds::all());
    let made = all_texts(&hub["Resources"]["StackSetExecutionRole"]);
    assert!(made.iter().any(|text| text.ends_with(":global/webacl/${AWS::StackName}-baseline/*")), "{made:?}");
}

/// No statement of any role may do everything of a service, and what reaches every resource is a list or explained above it.
#[test]
fn no_action_is_a_star() {
    for path in ["template.yaml", "member.yaml", "member-correct.yaml"] {
        let value = named(path, &kinds::all());
        for (id, resource) in value["Resources"].as_mapping().unwrap() {
            for policy in resource["Properties"]["Policies"].as_sequence().into_iter().flatten() {
                for text in all_texts(policy) {
                    let action = text.split_once(':').is_some_and(|(service, name)| {
                        !service.is_empty()
                            && service.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
                            && name.ends_with('*')
                            && !name.contains(':')
                    });
                    assert!(!action, "{path} {id:?}: {text}");
                }
            }
        }
    }
}
