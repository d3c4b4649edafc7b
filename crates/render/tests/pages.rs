//! The digest, the report and the page of a finding: friendly, empty, hostile and large.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

use std::{collections::BTreeMap, fmt::Write as _};

use html5ever::{driver::ParseOpts, parse_document, tendril::TendrilSink as _};
use markup5ever_rcdom::{Handle, NodeData, RcDom};
use proptest::prelude::*;
use rectify_controls::{
    AccountId, Arn, Evidence, Kind as _, Mode, Place, Region, Severity, State, s3_bucket::S3Bucket,
};
use rectify_render::{
    Difference, Message, Notice, Overview, Undone, Who, escape,
    overview::{Correction, Day, Exempt, OpenFinding, Resource, Rule, Shadowed, TugOfWar, Undo},
};

/// An element as a browser's parser sees it: its name, attributes and own text.
struct Element {
    name: String,
    attributes: BTreeMap<String, String>,
    text: String,
}

/// Every element of `html`, by the parser of the HTML standard.
fn parse(html: &str) -> Vec<Element> {
    let dom = parse_document(RcDom::default(), ParseOpts::default()).one(html);
    assert!(dom.errors.borrow().is_empty(), "not valid HTML: {:?}", dom.errors.borrow());
    let mut found = Vec::new();
    collect(&dom.document, &mut found);
    found
}

fn collect(node: &Handle, found: &mut Vec<Element>) {
    if let NodeData::Element { name, attrs, .. } = &node.data {
        let mut text = String::new();
        for child in node.children.borrow().iter() {
            if let NodeData::Text { contents } = &child.data {
                text.push_str(&contents.borrow());
            }
        }
        let attributes = attrs.borrow().iter().map(|a| (a.name.local.to_string(), a.value.to_string())).collect();
        found.push(Element { name: name.local.to_string(), attributes, text });
    }
    for child in node.children.borrow().iter() {
        collect(child, found);
    }
}

/// The links of `html`; panics when anything in it could load, run, submit or lead elsewhere.
#[track_caller]
fn check_safe(html: &str) -> Vec<String> {
    let mut links = Vec::new();
    for element in parse(html) {
        let name = element.name.as_str();
        assert!(
            ![
                "script",
                "iframe",
                "img",
                "object",
                "embed",
                "form",
                "input",
                "link",
                "base",
                "use",
                "image",
                "foreignObject"
            ]
            .contains(&name),
            "<{name}>"
        );
        for (attribute, value) in &element.attributes {
            assert!(
                !attribute.starts_with("on")
                    && !["src", "srcset", "action", "xlink:href"].contains(&attribute.as_str())
            );
            assert!(!value.contains(escape::is_hidden), "{attribute}={value:?}");
            let lower = value.to_ascii_lowercase();
            let outside = ["evil", "javascript:", "url(http", "expression("].iter().any(|word| lower.contains(word));
            // A bucket may really be called so: the link to its page is one of ours.
            assert!(!outside || (attribute == "href" && is_ours(value)), "{attribute}={value}");
        }
        if name == "style" {
            assert_eq!(element.text.trim(), include_str!("../src/overview/page.css").trim());
            continue;
        }
        if let Some(link) = element.attributes.get("href") {
            assert_eq!(name, "a");
            links.push(link.clone());
        }
        assert!(!element.text.replace('\n', "").contains(escape::is_hidden), "{:?}", element.text);
    }
    links
}

#[track_caller]
fn is_ours(link: &str) -> bool {
    let console = link.strip_prefix("https://").and_then(|rest| rest.split_once('/')).is_some_and(|(host, _)| {
        host == "console.aws.amazon.com" || host.ends_with(".console.aws.amazon.com") && host.split('.').count() == 5
    });
    console || S3Bucket::CONTROLS.iter().any(|control| control.page() == link)
}

fn empty() -> Overview {
    Overview {
        title: "Daily digest".to_owned(),
        owner: Some("web-team".to_owned()),
        paused: Vec::new(),
        open: Vec::new(),
        corrections: Vec::new(),
        undos: Vec::new(),
        exemptions: Vec::new(),
        tugs: Vec::new(),
        shadow: Vec::new(),
        days: Vec::new(),
        ..Overview::sample()
    }
}

#[test]
fn the_text_says_how_it_stands() {
    let overview = Overview::sample();
    let shown = format!("{}\n{}\n{}", overview.subject(), "=".repeat(80), overview.text());
    insta::assert_snapshot!(shown);
}

#[test]
fn the_pages_are_as_they_were_looked_at() {
    let overview = Overview::sample();
    insta::assert_snapshot!("the_page", overview.page().replace("><", ">\n<"));
    insta::assert_snapshot!("the_email", overview.email_html().replace("><", ">\n<"));
    let slack = serde_json::to_string_pretty(&sorted(overview.slack())).unwrap();
    insta::assert_snapshot!("the_slack_post", slack);
}

fn sorted(mut value: serde_json::Value) -> serde_json::Value {
    value.sort_all_objects();
    value
}

#[test]
fn text_is_for_eighty_columns() {
    for line in Overview::sample().text().lines() {
        let unbreakable = line.trim().split(' ').count() == 1;
        assert!(line.chars().count() <= 80 || unbreakable, "{line}");
    }
}

#[test]
fn an_empty_overview_says_plainly_that_nothing_is_open() {
    let overview = empty();
    insta::assert_snapshot!(format!("{}\n\n{}", overview.subject(), overview.text()));
    for html in [overview.page(), overview.email_html()] {
        assert!(html.contains("Nothing is open."), "{html}");
        assert!(check_safe(&html).is_empty());
    }
    assert!(overview.slack().to_string().contains("Nothing is open."));
}

#[test]
fn every_form_says_what_is_missing() {
    let overview = Overview { gaps: vec!["only the newest 10000 open findings were read".to_owned()], ..empty() };
    let slack = overview.slack().to_string();
    for form in [overview.text(), overview.page(), overview.email_html(), slack] {
        assert!(form.contains("Not complete: only the newest 10000 open findings were read."), "{form}");
    }
}

#[test]
fn links_lead_to_the_console_and_to_our_pages_only() {
    for html in [Overview::sample().page(), Overview::sample().email_html()] {
        let links = check_safe(&html);
        assert!(links.iter().all(|link| is_ours(link)), "{links:?}");
        assert!(links.iter().any(|link| link.contains("/s3/buckets/customer-exports?")), "{links:?}");
        assert!(links.iter().any(|link| link.ends_with("/s3-bucket-public-policy.md")), "{links:?}");
    }
}

/// What a reader without eyes needs: one main heading, captions, names of charts, headings of columns.
#[test]
fn the_page_is_accessible() {
    let elements = parse(&Overview::sample().page());
    let of = |name: &str| elements.iter().filter(|element| element.name == name).count();
    assert_eq!((of("h1"), of("main")), (1, 1));
    assert_eq!(of("table"), of("caption"));
    for element in &elements {
        match element.name.as_str() {
            "html" => assert_eq!(element.attributes["lang"], "en"),
            "th" => assert!(element.attributes.contains_key("scope")),
            "svg" => {
                let named = element.attributes.get("aria-labelledby").is_some_and(|id| {
                    elements.iter().any(|title| title.name == "title" && title.attributes.get("id") == Some(id))
                });
                assert!(named || element.attributes.get("aria-hidden").is_some_and(|hidden| hidden == "true"));
            }
            _ => {}
        }
    }
    assert_eq!(
        elements.iter().filter(|element| element.attributes.get("role").is_some_and(|role| role == "img")).count(),
        2
    );
}

const EVIL: &str = "evil\"><script>alert(1)</script><img src=x onerror=alert(1)> ' onload=alert(1) javascript:alert(1) \
    </style></title><!--</td></table> <a href=\"https://evil.example/\">x</a> &lt;b&gt; \u{1b}[31m\u{202e}txt.exe\r\n\r\n\u{2028} \
    <!channel> <https://evil.example|here> *bold* `code`";

fn hostile(evil: &str, rows: usize) -> Overview {
    let text = evil.to_owned();
    let at = Overview::sample().made_at;
    let rule = Rule::find(evil, S3Bucket::CONTROLS);
    let resource = Resource {
        arn: format!("arn:aws:s3:::{evil}"),
        account: text.clone(),
        account_name: Some(text.clone()),
        region: text.clone(),
        environment: Some(text.clone()),
        owner: Some(text.clone()),
    };
    Overview {
        title: text.clone(),
        owner: Some(text.clone()),
        gaps: vec![text.clone(); 50],
        paused: vec![text.clone(); 50],
        open: vec![
            OpenFinding {
                control: rule.clone(),
                severity: Severity::Critical,
                resource: resource.clone(),
                summary: text.clone(),
                outcome: text.clone(),
                first_seen: jiff::Timestamp::MIN,
                last_seen: jiff::Timestamp::MAX,
                seen: u64::MAX,
                actor: Some(text.clone()),
            };
            rows
        ],
        corrections: vec![Correction {
            id: text.clone(),
            controls: vec![rule.clone(); 50],
            resource: resource.clone(),
            severity: None,
            outcome: text.clone(),
            at: jiff::Timestamp::MIN,
            ended_at: Some(jiff::Timestamp::MAX),
            actor: Some(text.clone()),
            undone_by: Some(text.clone()),
            why: Some(text.clone()),
        }],
        undos: vec![Undo {
            id: text.clone(),
            correction: text.clone(),
            controls: vec![rule.clone()],
            resource: resource.clone(),
            outcome: text.clone(),
            at,
            by: text.clone(),
            reason: text.clone(),
            until: Some(jiff::Timestamp::MAX),
        }],
        exemptions: vec![Exempt {
            control: Some(rule.clone()),
            resource: text.clone(),
            account: Some(text.clone()),
            owner: text.clone(),
            reason: text.clone(),
            ticket: text.clone(),
            until: jiff::Timestamp::MIN,
            stands: text.clone(),
        }],
        tugs: vec![TugOfWar { control: rule.clone(), resource, times: u64::MAX, by: vec![text.clone(); 50], last: at }],
        shadow: vec![Shadowed {
            control: rule,
            would: BTreeMap::from([(text.clone(), u64::MAX)]),
            resources: u64::MAX,
            accounts: u64::MAX,
        }],
        days: vec![Day { date: jiff::civil::date(2026, 11, 20), outcomes: BTreeMap::from([(text, u64::MAX)]) }],
        ..Overview::sample()
    }
}

#[track_caller]
fn check_harmless(overview: &Overview) {
    for html in [overview.page(), overview.email_html()] {
        assert!(check_safe(&html).iter().all(|link| is_ours(link)));
    }
    let (page, mail) = (overview.page().len(), overview.email_html().len());
    assert!(page < 4_000_000 && mail < 150_000, "{page} and {mail} bytes");
    let text = overview.text();
    assert!(!text.replace('\n', "").contains(escape::is_hidden), "{text:?}");
    assert!(!text.contains("://"), "a link: {text}");
    assert!(text.len() < 100_000, "{} bytes of text", text.len());
    let subject = overview.subject();
    assert!(
        !subject.is_empty() && subject.len() < 100 && subject.bytes().all(|b| (b' '..=b'~').contains(&b)),
        "{subject}"
    );
    let slack = overview.slack();
    assert!(!slack.to_string().contains("mrkdwn"));
    assert!(!slack["text"].as_str().unwrap().contains(['<', '>', '&']), "{slack}");
    for block in slack["blocks"].as_array().unwrap() {
        let limit = if block["type"] == "header" { 150 } else { 3_000 };
        assert!(block["text"]["text"].as_str().unwrap_or_default().chars().count() <= limit);
    }
}

#[test]
fn hostile_names_are_shown_harmless() {
    let overview = hostile(EVIL, 3);
    check_harmless(&overview);
    let texts: String = parse(&overview.page()).iter().map(|element| element.text.as_str()).collect();
    assert!(texts.contains("evil\"><script>alert(1)</script>"), "the name is shown as what it is");
    assert!(texts.contains("\\u{202e}txt"), "{texts}");
}

#[test]
fn a_hundred_kilobytes_are_cut() {
    for evil in ["<", "&", "\"", "\u{202e}", "ä", "😀", "a ", "://", "\u{1b}"] {
        check_harmless(&hostile(&evil.repeat(100_000 / evil.len()), 20));
    }
}

#[test]
fn ten_thousand_findings_are_bounded_and_counted() {
    let mut overview = Overview::sample();
    let finding = overview.open[0].clone();
    overview.open = (0..10_000)
        .map(|number| {
            let mut finding = finding.clone();
            finding.resource.account = format!("{:012}", number % 700);
            finding.resource.arn = format!("arn:aws:s3:::bucket-{number}");
            finding
        })
        .collect();
    overview.corrections = vec![overview.corrections[0].clone(); 10_000];
    let (page, mail, text) = (overview.page(), overview.email_html(), overview.text());
    assert!(page.len() < 500_000, "{} bytes", page.len());
    // Gmail clips messages at 102 kB (Google, «Gmail Help: message clipped»).
    assert!(mail.len() < 102_000, "{} bytes", mail.len());
    assert!(text.len() < 50_000, "{} bytes", text.len());
    assert!(page.contains("… and 9800 more") && page.contains("… and 9900 more"));
    assert!(page.contains("10000 findings are open in 700 accounts: 10000 critical."));
    assert!(page.contains("… and 685 more accounts"));
    assert!(mail.contains("… and 9970 more") && text.contains("… and 9970 more"));
}

/// A link of the ledger's making is no link of ours: pages of controls come from the rule book.
#[test]
fn an_unknown_control_has_no_link() {
    let mut overview = empty();
    let mut finding = Overview::sample().open[0].clone();
    finding.control = Rule::find("../../evil", S3Bucket::CONTROLS);
    finding.resource.arn = "arn:aws:s3:::a/../evil".to_owned();
    overview.open = vec![finding];
    assert!(check_safe(&overview.page()).is_empty());
    assert!(overview.text().contains("../../evil"));
}

#[test]
fn a_long_period_has_several_days_in_each_bar() {
    let mut overview = Overview::sample();
    overview.from = overview.to - jiff::SignedDuration::from_hours(24 * 399);
    let page = overview.page();
    assert!(page.contains("several days in each bar") && page.contains("2026-11-21 to 2026-11-27:"));
    assert!(page.matches("<g>").count() <= 62);
    overview.from = jiff::Timestamp::MIN;
    overview.to = jiff::Timestamp::MAX;
    check_safe(&overview.page());
}

fn message(evil: &str) -> Message {
    let (arn, state) = (Arn::from_parts(format!("arn:aws:s3:::{evil}")), State::Neutralised { by: evil.to_owned() });
    let place =
        Place { account: AccountId::new("123456789012").unwrap(), region: Region::new("eu-central-1").unwrap() };
    let evidence = vec![Evidence::new(evil, evil); 50];
    Message::new(&Notice {
        id: evil,
        finding: evil,
        at: evil,
        closes: false,
        outcome: evil,
        control: &S3Bucket::CONTROLS[0],
        severity: Severity::Critical,
        state: &state,
        summary: evil,
        evidence: &evidence,
        arn: &arn,
        place: &place,
        account_name: Some(evil),
        owner: Some(evil),
        environment: evil,
        environment_read: Some(evil),
        mode: Mode::Corrective,
        actor: Who { principal: Some(evil), session: Some(evil), chain: vec![evil; 5], ..Who::default() },
        changes: vec![evil.to_owned(); 50],
        difference: Some(Difference { before: evil.repeat(3), after: format!("{evil}\n{evil}"), proposed: false }),
        proof: Some(evil),
        took: None,
        correction: Some(evil),
        undone: Some(Undone { by: evil, reason: evil, until: Some(evil), correction: evil }),
        why: Some(evil),
        next: Some(evil),
        paused: Some(evil),
        repeats: 3,
        alarm: true,
    })
}

#[test]
fn the_page_of_a_finding_is_harmless() {
    for evil in [EVIL.to_owned(), "<".repeat(100_000), "\u{202e}".repeat(100_000)] {
        let html = message(&evil).html();
        assert!(check_safe(&html).is_empty());
        assert!(html.len() < 1_000_000, "{} bytes", html.len());
    }
    let links = check_safe(&message("quarterly-reports").html());
    assert!(!links.is_empty() && links.iter().all(|link| is_ours(link)), "{links:?}");
}

#[test]
fn a_finding_is_a_page_of_its_own() {
    let mut message = message("quarterly-reports");
    message.outcome = "corrected".to_owned();
    message.summary = "the ACL of bucket `quarterly-reports` lets everyone list it".to_owned();
    message.evidence.truncate(1);
    message.evidence_omitted = 0;
    message.changes = vec!["set the ACL to 1 grants".to_owned()];
    message.changes_omitted = 0;
    (message.undone, message.alarm, message.repeats) = (None, false, 0);
    message.correction = Some("c-01m83n8fx16ssvfw8g".to_owned());
    message.actor.chain.clear();
    let mut shown = String::new();
    for element in parse(&message.html()) {
        if ["h1", "h2", "p", "dt", "dd", "li", "a", "span", "pre"].contains(&element.name.as_str()) {
            let _ = writeln!(shown, "{}: {}", element.name, element.text.trim());
        }
    }
    insta::assert_snapshot!(shown);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_name_is_harmless(evil in "(\u{1b}\\[[0-9]m|\u{202e}|\r\n|<script>|\"|'|<|>|&|--|]]>|=|EVIL|\\PC|.){0,120}") {
        check_harmless(&hostile(&evil, 3));
        check_safe(&message(&evil).html());
    }
}
