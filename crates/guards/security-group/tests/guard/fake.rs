//! An EC2 that answers what a test says, over the real SDK's requests and XML: a server of its own on loopback.

use std::{
    collections::{BTreeMap, VecDeque},
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_config::{BehaviorVersion, Region as SdkRegion, SdkConfig, retry::RetryConfig};
use rectify_aws::Session;
use rectify_controls::{AccountId, Place, Region};

pub(crate) type Answer = (u16, String);

#[derive(Clone, Default)]
pub(crate) struct Fake {
    answers: Arc<Mutex<BTreeMap<String, VecDeque<Answer>>>>,
    calls: Arc<Mutex<Vec<(String, String)>>>,
}

impl Fake {
    /// Answers `action` with the given answers in turn, and with the last of them from then on.
    pub(crate) fn on(self, action: &str, answers: impl IntoIterator<Item = Answer>) -> Self {
        self.answers.lock().unwrap().insert(action.to_owned(), answers.into_iter().collect());
        self
    }

    /// The requests of `action`, as the parameters that were sent, without what is the same in all.
    pub(crate) fn sent(&self, action: &str) -> Vec<String> {
        let calls = self.calls.lock().unwrap();
        calls.iter().filter(|(called, _)| called == action).map(|(_, parameters)| parameters.clone()).collect()
    }

    pub(crate) fn place(&self) -> Place {
        Place { account: AccountId::new("111122223333").unwrap(), region: Region::new("eu-west-1").unwrap() }
    }

    pub(crate) fn session(&self) -> Session {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let fake = self.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let fake = fake.clone();
                std::thread::spawn(move || fake.serve(stream.unwrap()));
            }
        });
        let credentials = aws_sdk_ec2::config::Credentials::new("AKID", "secret", None, None, "test");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(SdkRegion::new("eu-west-1"))
            .endpoint_url(address)
            .credentials_provider(aws_sdk_ec2::config::SharedCredentialsProvider::new(credentials))
            .retry_config(RetryConfig::standard().with_max_attempts(4).with_initial_backoff(Duration::from_millis(1)))
            .build();
        Session { place: self.place(), config, serial: 0 }
    }

    /// One request of a connection.
    fn serve(&self, mut stream: TcpStream) -> Option<()> {
        let mut reader = BufReader::new(stream.try_clone().ok()?);
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            match line.trim_end().split_once(':') {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.trim().parse().ok()?
                }
                Some(_) => {}
                None if line.trim_end().is_empty() => break,
                None => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let (status, answer) = self.answer(&String::from_utf8(body).ok()?);
        let head = format!("HTTP/1.1 {status} Said\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", answer.len());
        stream.write_all(head.as_bytes()).ok()?;
        stream.write_all(answer.as_bytes()).ok()
    }

    fn answer(&self, body: &str) -> Answer {
        let mut action = String::new();
        let mut parameters = Vec::new();
        for pair in body.split('&') {
            match pair.split_once('=').unwrap_or_default() {
                ("Action", name) => name.clone_into(&mut action),
                ("Version", _) => {}
                (name, value) => parameters.push(format!("{name}={}", value.replace("%3A", ":").replace("%2F", "/"))),
            }
        }
        self.calls.lock().unwrap().push((action.clone(), parameters.join(" ")));
        let mut answers = self.answers.lock().unwrap();
        // A client of a test that has failed may still ask.
        let Some(answers) = answers.get_mut(&action) else { return refused(400, "NothingIsPrepared") };
        if answers.len() > 1 { answers.pop_front().unwrap() } else { answers.front().unwrap().clone() }
    }
}

/// An answer to `action` with this in it.
pub(crate) fn ok(action: &str, body: &str) -> Answer {
    (
        200,
        format!(
            "<{action}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>r</requestId>{body}</{action}Response>"
        ),
    )
}

/// A refusal.
pub(crate) fn refused(status: u16, code: &str) -> Answer {
    let error = format!("<Error><Code>{code}</Code><Message>as AWS words it</Message></Error>");
    (status, format!("<Response><Errors>{error}</Errors><RequestID>r</RequestID></Response>"))
}

/// A page of rules.
pub(crate) fn rules(items: &[String], next: Option<&str>) -> Answer {
    let items: String = items.iter().map(|item| format!("<item>{item}</item>")).collect();
    let next = next.map(|token| format!("<nextToken>{token}</nextToken>")).unwrap_or_default();
    ok("DescribeSecurityGroupRules", &format!("<securityGroupRuleSet>{items}</securityGroupRuleSet>{next}"))
}

/// One rule: `sgr-1 tcp 22 22 <cidrIpv4>0.0.0.0/0</cidrIpv4>`.
pub(crate) fn rule(id: &str, protocol: &str, ports: (i32, i32), rest: &str) -> String {
    format!(
        "<securityGroupRuleId>{id}</securityGroupRuleId><groupId>sg-1</groupId><groupOwnerId>111122223333</groupOwnerId>\
         <isEgress>false</isEgress><ipProtocol>{protocol}</ipProtocol><fromPort>{}</fromPort><toPort>{}</toPort>{rest}",
        ports.0, ports.1
    )
}

/// A group called `name` of `owner`.
pub(crate) fn group(name: &str, owner: &str) -> Answer {
    groups(&[("sg-1", name, owner)], None)
}

pub(crate) fn groups(all: &[(&str, &str, &str)], next: Option<&str>) -> Answer {
    let items: String = all
        .iter()
        .map(|(id, name, owner)| {
            format!(
                "<item><ownerId>{owner}</ownerId><groupId>{id}</groupId><groupName>{name}</groupName><vpcId>vpc-1</vpcId>\
                 <tagSet><item><key>team</key><value>web</value></item></tagSet></item>"
            )
        })
        .collect();
    let next = next.map(|token| format!("<nextToken>{token}</nextToken>")).unwrap_or_default();
    ok("DescribeSecurityGroups", &format!("<securityGroupInfo>{items}</securityGroupInfo>{next}"))
}
