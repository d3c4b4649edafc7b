//! The page, as a browser's parser sees it.

use std::collections::BTreeMap;

use html5ever::{driver::ParseOpts, parse_document, tendril::TendrilSink as _};
use markup5ever_rcdom::{Handle, NodeData, RcDom};
use rectify_render::escape::is_hidden;
use rectify_replay::{Report, Verdict, show};

use crate::sample;

/// An element: its name, attributes, own text, and the text of all that is in it.
#[derive(Debug, PartialEq, Eq)]
struct Element {
    name: String,
    attributes: BTreeMap<String, String>,
    text: String,
    depth: usize,
}

/// Every element of `html`, by the parser of the HTML standard.
fn parse(html: &str) -> Vec<Element> {
    let dom = parse_document(RcDom::default(), ParseOpts::default()).one(html);
    assert!(dom.errors.borrow().is_empty(), "not valid HTML: {:?}", dom.errors.borrow());
    let mut found = Vec::new();
    collect(&dom.document, 0, &mut found);
    found
}

fn collect(node: &Handle, depth: usize, found: &mut Vec<Element>) {
    if let NodeData::Element { name, attrs, .. } = &node.data {
        let attributes = attrs.borrow().iter().map(|a| (a.name.local.to_string(), a.value.to_string())).collect();
        let mut text = String::new();
        gather(node, &mut text);
        found.push(Element { name: name.local.to_string(), attributes, text, depth });
    }
    assert!(!matches!(node.data, NodeData::Comment { .. }));
    for child in node.children.borrow().iter() {
        collect(child, depth + 1, found);
    }
}

fn gather(node: &Handle, text: &mut String) {
    if let NodeData::Text { contents } = &node.data {
        text.push_str(&contents.borrow());
    }
    for child in node.children.borrow().iter() {
        gather(child, text);
    }
}

/// The page without its texts.
pub(crate) fn shape(html: &str) -> Vec<(usize, String, BTreeMap<String, String>)> {
    parse(html).into_iter().map(|element| (element.depth, element.name, element.attributes)).collect()
}

fn page(report: &Report) -> Vec<Element> {
    parse(&show::html(report, &sample::about()))
}

/// What stands in the section or list `id`: the texts of its elements called `name`.
fn texts(page: &[Element], id: &str, name: &str) -> Vec<String> {
    let begin = page.iter().position(|e| e.attributes.get("id").is_some_and(|is| is == id)).unwrap();
    let depth = page[begin].depth;
    let inside = page[begin + 1..].iter().take_while(|e| e.depth > depth);
    inside.filter(|e| e.name == name).map(|e| e.text.clone()).collect()
}

#[test]
fn nothing_in_the_page_loads_leads_away_or_runs() {
    for report in [sample::report(), sample::empty()] {
        let html = show::html(&report, &sample::about());
        assert!(!html.contains(|c| is_hidden(c) && c != '\n'));
        let page = parse(&html);
        for element in &page {
            let name = element.name.as_str();
            let loads = [
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
                "foreignObject",
                "video",
            ];
            assert!(!loads.contains(&name), "<{name}>");
            for (attribute, value) in &element.attributes {
                assert!(
                    !attribute.starts_with("on")
                        && !["src", "srcset", "action", "style", "xlink:href"].contains(&attribute.as_str())
                );
                assert!(attribute != "href" || value.starts_with('#'), "{value}");
                assert!(
                    !value.contains("evil") && !value.contains("alert") && !value.contains("url("),
                    "{attribute}={value}"
                );
            }
        }
        let own = |name: &str| page.iter().filter(|e| e.name == name).map(|e| e.text.clone()).collect::<Vec<_>>();
        assert_eq!(own("script"), [include_str!("../../src/show/html/page.js")]);
        assert_eq!(own("style"), [include_str!("../../src/show/html/page.css")]);
        assert!(!include_str!("../../src/show/html/page.css").contains("url("));
        let policy = page.iter().find(|e| e.attributes.contains_key("http-equiv")).unwrap();
        let policy = &policy.attributes["content"];
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
    }
}

#[test]
fn links_lead_to_what_is_there_and_ids_are_one() {
    for report in [sample::report(), sample::empty()] {
        let page = page(&report);
        let mut ids: Vec<&String> = page.iter().filter_map(|e| e.attributes.get("id")).collect();
        for element in &page {
            if let Some(link) = element.attributes.get("href") {
                assert!(ids.iter().any(|id| link.strip_prefix('#') == Some(id.as_str())), "{link}");
            }
            if let Some(by) = element.attributes.get("aria-labelledby") {
                assert!(ids.contains(&by), "{by}");
            }
        }
        let all = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), all);
    }
}

#[test]
fn every_section_is_there() {
    let expected =
        ["timeline", "heat", "controls", "exposures", "accounts", "actors", "tugs", "budgets", "cost", "gaps", "read"];
    for report in [sample::report(), sample::empty()] {
        let page = page(&report);
        let sections: Vec<&str> = page
            .iter()
            .filter(|e| e.name == "section")
            .filter_map(|e| Some(e.attributes.get("id")?.as_str()))
            .collect();
        assert_eq!(sections, expected);
    }
}

#[test]
fn the_numbers_are_those_of_the_report() {
    let report = sample::report();
    let page = page(&report);
    let tiles: Vec<&str> = page.iter().filter(|e| e.name == "b").map(|e| e.text.as_str()).take(5).collect();
    let expected: Vec<String> = Verdict::ALL.map(|verdict| report.verdicts.of(verdict).to_string()).into();
    assert_eq!(tiles, expected);

    // Nine columns of numbers behind each control.
    let cells = texts(&page, "controls", "td");
    let numbers: Vec<Vec<&str>> = cells.chunks(10).map(|row| row[1..8].iter().map(String::as_str).collect()).collect();
    let expected: Vec<Vec<String>> = (report.controls.iter())
        .map(|row| {
            let counts = Verdict::ALL.map(|verdict| row.counts.of(verdict));
            counts.into_iter().chain([row.exposures, row.open]).map(|number| number.to_string()).collect()
        })
        .collect();
    assert_eq!(numbers, expected);

    // The timeline's table has every day; the chart has a bar for each of them that somebody hears of.
    let days = texts(&page, "timeline", "th");
    assert!(report.days.rows.iter().all(|row| days.contains(&row.day)));
    let bars = texts(&page, "timeline", "g");
    let loud = report.days.rows.iter().filter(|row| row.counts.heard() > 0).count();
    let quiet = (report.days.rows.iter())
        .filter(|row| row.counts.exempt + row.counts.ignored + row.counts.needs_live_state > 0)
        .count();
    assert_eq!(bars.len(), loud + quiet);

    // The heat map: all that was heard of, in the column of sums.
    let heat: u64 = report.heat.rows.iter().map(|row| row.counts.heard()).sum();
    let sums = page.iter().filter(|e| e.name == "td" && e.attributes.get("class").is_some_and(|class| class == "sum"));
    assert_eq!(sums.map(|e| e.text.parse::<u64>().unwrap()).sum::<u64>(), heat);
}

#[test]
fn what_is_missing_is_said_in_front() {
    let warned = |report: &Report| {
        let page = page(report);
        let at = page.iter().position(|e| e.attributes.get("role").is_some_and(|role| role == "note"));
        let answer = page.iter().position(|e| e.attributes.get("id").is_some_and(|id| id == "answer")).unwrap();
        at.map(|at| (at < answer, page[at].text.clone()))
    };
    let (in_front, text) = warned(&sample::report()).unwrap();
    assert!(in_front);
    for said in ["Stopped before the end", "14 files could not be read", "11 more", "3 pieces of the log"] {
        assert!(text.contains(said), "{text}");
    }
    assert_eq!(warned(&sample::empty()), None);

    let whole = texts(&page(&sample::report()), "read", "td");
    assert!(whole.iter().any(|cell| cell == "the gzip stream ends early"));
}

#[test]
fn a_list_says_how_many_are_left_out() {
    let page = page(&sample::report());
    let more: Vec<&str> = (page.iter())
        .filter(|e| e.attributes.get("class").is_some_and(|class| class == "more"))
        .map(|e| e.text.as_str())
        .collect();
    for said in ["and 45 more", "and 185 more", "and 2 more"] {
        assert!(more.contains(&said), "{more:?}");
    }
}

#[test]
fn the_same_report_is_the_same_page() {
    assert_eq!(show::html(&sample::report(), &sample::about()), show::html(&sample::report(), &sample::about()));
}
