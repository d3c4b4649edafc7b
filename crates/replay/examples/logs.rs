//! Writes CloudTrail log files as an organisation's trail would: `cargo run --release -p rectify-replay --example logs -- DIR`.
//!
//! Always the same files for the same arguments. Half of the records are from services that call each other, nearly all only read, and
//! a few in ten thousand are what a guard is woken by; the shapes are those of the CloudTrail user guide.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example that cannot go on has failed"
)]

use std::{
    env,
    fmt::Write as _,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use flate2::{Compression, write::GzEncoder};

/// Records in a file. CloudTrail writes one every five minutes or so for each account and region.
const IN_A_FILE: u64 = 1_000;

/// `(weight, source, name, reads, request, response)`; `$b` is a bucket, `$i` an instance, `$r` a role, `$h` sixteen hexadecimal
/// digits, `$n` a number.
const CALLS: &[(u32, &str, &str, bool, &str, &str)] = &[
    (
        1800,
        "sts",
        "AssumeRole",
        true,
        r#"{"roleArn":"arn:aws:iam::$a:role/$r","roleSessionName":"$h","durationSeconds":3600}"#,
        r#"{"credentials":{"accessKeyId":"ASIA$H","sessionToken":"$h$h$h$h$h$h$h$h$h$h$h$h$h$h$h$h$h$h$h$h","expiration":"Jul 10, 2025, 12:35:26 PM"},"assumedRoleUser":{"assumedRoleId":"AROA$H:$h","arn":"arn:aws:sts::$a:assumed-role/$r/$h"}}"#,
    ),
    (
        1200,
        "kms",
        "Decrypt",
        true,
        r#"{"encryptionContext":{"aws:s3:arn":"arn:aws:s3:::$b/$h/$h.parquet"},"encryptionAlgorithm":"SYMMETRIC_DEFAULT"}"#,
        "null",
    ),
    (
        900,
        "s3",
        "GetObject",
        true,
        r#"{"bucketName":"$b","Host":"$b.s3.eu-central-1.amazonaws.com","key":"$h/$h.parquet"}"#,
        "null",
    ),
    (
        700,
        "ec2",
        "DescribeInstances",
        true,
        r#"{"maxResults":1000,"instancesSet":{},"filterSet":{"items":[{"name":"instance-state-name","valueSet":{"items":[{"value":"running"},{"value":"pending"}]}},{"name":"tag:team","valueSet":{"items":[{"value":"$r"}]}}]}}"#,
        "null",
    ),
    (
        500,
        "logs",
        "CreateLogStream",
        false,
        r#"{"logGroupName":"/aws/lambda/$r","logStreamName":"2025/07/10/[$LATEST]$h$h"}"#,
        "null",
    ),
    (450, "dynamodb", "DescribeTable", true, r#"{"tableName":"$r"}"#, "null"),
    (
        400,
        "s3",
        "ListObjects",
        true,
        r#"{"list-type":"2","bucketName":"$b","prefix":"$h/","max-keys":"1000","Host":"$b.s3.amazonaws.com"}"#,
        "null",
    ),
    (
        400,
        "ecr",
        "BatchGetImage",
        true,
        r#"{"registryId":"$a","repositoryName":"$r","imageIds":[{"imageTag":"$h"}],"acceptedMediaTypes":["application/vnd.oci.image.manifest.v1+json","application/vnd.docker.distribution.manifest.v2+json"]}"#,
        "null",
    ),
    (
        350,
        "monitoring",
        "PutMetricAlarm",
        false,
        r#"{"alarmName":"TargetTracking-$r-AlarmHigh-$h","alarmDescription":"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy arn:aws:autoscaling:eu-central-1:$a:scalingPolicy:$h","metricName":"CPUUtilization","namespace":"AWS/ECS","statistic":"Average","dimensions":[{"name":"ClusterName","value":"$r"},{"name":"ServiceName","value":"$r"}],"period":60,"evaluationPeriods":3,"threshold":70.0,"comparisonOperator":"GreaterThanThreshold"}"#,
        "null",
    ),
    (
        300,
        "ssm",
        "UpdateInstanceInformation",
        false,
        r#"{"instanceId":"$i","agentVersion":"3.3.2299.0","agentStatus":"Active","platformType":"Linux","platformName":"Amazon Linux","platformVersion":"2023","iPAddress":"10.0.12.$n","computerName":"ip-10-0-12-$n.eu-central-1.compute.internal","agentName":"amazon-ssm-agent","availabilityZone":"eu-central-1a","sSMConnectionChannel":"ssmmessages"}"#,
        "null",
    ),
    (300, "iam", "GetRole", true, r#"{"roleName":"$r"}"#, "null"),
    (250, "secretsmanager", "GetSecretValue", true, r#"{"secretId":"prod/$r"}"#, "null"),
    (
        200,
        "elasticloadbalancing",
        "DescribeTargetHealth",
        true,
        r#"{"targetGroupArn":"arn:aws:elasticloadbalancing:eu-central-1:$a:targetgroup/$r/$h"}"#,
        "null",
    ),
    (
        200,
        "lambda",
        "GetFunction20150331v2",
        true,
        r#"{"functionName":"arn:aws:lambda:eu-central-1:$a:function:$r"}"#,
        "null",
    ),
    (
        150,
        "cloudtrail",
        "LookupEvents",
        true,
        r#"{"lookupAttributes":[{"attributeKey":"EventName","attributeValue":"PutBucketPolicy"}],"maxResults":50}"#,
        "null",
    ),
    (
        120,
        "ec2",
        "RunInstances",
        false,
        r#"{"instancesSet":{"items":[{"imageId":"ami-$h","minCount":1,"maxCount":1}]},"instanceType":"m7g.large","userData":"<sensitiveDataRemoved>","disableApiTermination":false,"clientToken":"$h-$h"}"#,
        r#"{"requestId":"$h-$h","reservationId":"r-$h","ownerId":"$a","groupSet":{},"instancesSet":{"items":[{"instanceId":"$i","imageId":"ami-$h","instanceState":{"code":0,"name":"pending"},"privateDnsName":"ip-10-0-12-$n.eu-central-1.compute.internal","tagSet":{"items":[{"key":"Name","value":"$r"},{"key":"note","value":"a \"quoted\" name with \\ and {braces} [in] it"}]}}]}}"#,
    ),
    (60, "sts", "GetCallerIdentity", true, "null", "null"),
    (
        30,
        "ec2",
        "CreateTags",
        false,
        r#"{"resourcesSet":{"items":[{"resourceId":"$i"}]},"tagSet":{"items":[{"key":"eventName","value":"PutBucketPolicy"}]}}"#,
        r#"{"requestId":"$h","_return":true}"#,
    ),
    (
        8,
        "ec2",
        "AuthorizeSecurityGroupIngress",
        false,
        r#"{"groupId":"sg-$h","ipPermissions":{"items":[{"ipProtocol":"tcp","fromPort":443,"toPort":443,"groups":{},"ipRanges":{"items":[{"cidrIp":"10.0.0.0/8"}]},"ipv6Ranges":{},"prefixListIds":{}}]}}"#,
        r#"{"requestId":"$h","_return":true}"#,
    ),
    (
        2,
        "ec2",
        "AuthorizeSecurityGroupIngress",
        false,
        r#"{"groupId":"sg-$h","ipPermissions":{"items":[{"ipProtocol":"tcp","fromPort":22,"toPort":22,"groups":{},"ipRanges":{"items":[{"cidrIp":"0.0.0.0/0"}]},"ipv6Ranges":{},"prefixListIds":{}}]}}"#,
        r#"{"requestId":"$h","_return":true}"#,
    ),
    (
        6,
        "s3",
        "PutBucketPolicy",
        false,
        r#"{"bucketName":"$b","bucketPolicy":{"Version":"2012-10-17","Statement":[{"Sid":"Read","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::$a:role/$r"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::$b/*"}]},"Host":"s3.eu-central-1.amazonaws.com","policy":""}"#,
        "null",
    ),
    (
        2,
        "s3",
        "PutBucketPolicy",
        false,
        r#"{"bucketName":"$b","bucketPolicy":{"Version":"2012-10-17","Statement":[{"Sid":"Web","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::$b/*"}]},"Host":"s3.eu-central-1.amazonaws.com","policy":""}"#,
        "null",
    ),
    (
        2,
        "s3",
        "PutBucketPublicAccessBlock",
        false,
        r#"{"bucketName":"$b","PublicAccessBlockConfiguration":{"xmlns":"http://s3.amazonaws.com/doc/2006-03-01/","BlockPublicAcls":false,"IgnorePublicAcls":false,"BlockPublicPolicy":false,"RestrictPublicBuckets":false},"publicAccessBlock":"","Host":"$b.s3.amazonaws.com"}"#,
        "null",
    ),
    (
        3,
        "s3",
        "CreateBucket",
        false,
        r#"{"bucketName":"$b","CreateBucketConfiguration":{"LocationConstraint":"eu-central-1","xmlns":"http://s3.amazonaws.com/doc/2006-03-01/"},"Host":"s3.eu-central-1.amazonaws.com"}"#,
        "null",
    ),
    (1, "cloudtrail", "StopLogging", false, r#"{"name":"arn:aws:cloudtrail:eu-central-1:$a:trail/main"}"#, "null"),
];

/// xorshift64*: always the same numbers, and no more is needed.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, end: u64) -> u64 {
        (self.next() >> 33) % end
    }
}

fn main() {
    let mut arguments = env::args().skip(1);
    let Some(directory) = arguments.next().map(PathBuf::from) else {
        eprintln!("usage: logs DIR [RECORDS] [gz|json|one]");
        std::process::exit(2);
    };
    let records: u64 = arguments.next().map_or(1_000_000, |text| text.parse().unwrap());
    let form = arguments.next().unwrap_or_else(|| "gz".to_owned());
    let mut chance = Chance(0x9E37_79B9_7F4A_7C15);
    let all: u32 = CALLS.iter().map(|call| call.0).sum();
    let in_a_file = if form == "one" { records } else { IN_A_FILE };
    let (mut written, mut bytes) = (0, 0);
    while written < records {
        let count = in_a_file.min(records - written);
        let mut text = String::from(r#"{"Records":["#);
        for index in 0..count {
            if index > 0 {
                text.push(',');
            }
            record(&mut text, &mut chance, all, written + index);
        }
        text.push_str("]}");
        bytes += text.len();
        file(&directory, written, &text, &form);
        written += count;
    }
    println!("{records} records, {bytes} bytes before compression, in {}", directory.display());
}

/// The layout that CloudTrail has in a bucket.
fn file(directory: &Path, at: u64, text: &str, form: &str) {
    let number = at / IN_A_FILE;
    let account = 111_122_223_300 + number % 20;
    let day = number / 40 % 28 + 1;
    let folder = directory.join(format!("AWSLogs/o-a1b2c3d4e5/{account}/CloudTrail/eu-central-1/2025/07/{day:02}"));
    fs::create_dir_all(&folder).unwrap();
    let name = format!(
        "{account}_CloudTrail_eu-central-1_202507{day:02}T{:02}{:02}Z_{number:016}.json",
        number % 24,
        number % 60
    );
    if form == "json" {
        fs::write(folder.join(name), text).unwrap();
    } else {
        let mut gzip = GzEncoder::new(fs::File::create(folder.join(name + ".gz")).unwrap(), Compression::default());
        gzip.write_all(text.as_bytes()).unwrap();
        gzip.finish().unwrap();
    }
}

fn record(text: &mut String, chance: &mut Chance, all: u32, at: u64) {
    let mut pick = u32::try_from(chance.below(u64::from(all))).unwrap();
    let call = CALLS.iter().find(|call| {
        let found = pick < call.0;
        pick = pick.saturating_sub(call.0);
        found
    });
    let (_, source, name, reads, request, response) = *call.unwrap();
    let number = at / IN_A_FILE;
    let account = 111_122_223_300 + number % 20;
    let (hour, minute, second) = (number % 24, number % 60, at % 60);
    let day = number / 40 % 28 + 1;
    let role = ["app-backend", "data-pipeline", "web", "ci-deploy", "platform-admin"]
        [usize::try_from(chance.below(5)).unwrap()];
    let session = chance.next();
    let (request, response) = (filled(request, chance, account, role), filled(response, chance, account, role));
    let agent = [
        "aws-sdk-java/2.31.40 Linux/5.10 OpenJDK_64-Bit_Server_VM/21.0.7 md/internal exec-env/AWS_ECS_FARGATE",
        "Boto3/1.39.3 md/Botocore#1.39.3 ua/2.1 os/linux#6.1.134 md/arch#aarch64 lang/python#3.12.10 md/pyimpl#CPython",
        "APN/1.0 HashiCorp/1.0 Terraform/1.12.2 terraform-provider-aws/6.2.0 (+https://registry.terraform.io) aws-sdk-go-v2/1.36.5",
        "aws-cli/2.27.49 md/awscrt#0.26.1 ua/2.1 os/macos#24.5.0 md/arch#arm64 lang/python#3.13.4",
        "AWS Internal",
    ][usize::try_from(chance.below(5)).unwrap()];
    let failed = if chance.below(50) == 0 {
        r#""errorCode":"AccessDenied","errorMessage":"User is not authorized to perform this action because no identity-based policy allows it","#
    } else {
        ""
    };
    let (event, id) = (chance.next(), chance.next());
    write!(
        text,
        r#"{{"eventVersion":"1.11","userIdentity":{{"type":"AssumedRole","principalId":"AROA{session:016X}:{role}-{session:08x}","arn":"arn:aws:sts::{account}:assumed-role/{role}/{role}-{session:08x}","accountId":"{account}","accessKeyId":"ASIA{session:016X}","sessionContext":{{"sessionIssuer":{{"type":"Role","principalId":"AROA{session:016X}","arn":"arn:aws:iam::{account}:role/{role}","accountId":"{account}","userName":"{role}"}},"attributes":{{"creationDate":"2025-07-{day:02}T{hour:02}:00:00Z","mfaAuthenticated":"false"}}}}}},"eventTime":"2025-07-{day:02}T{hour:02}:{minute:02}:{second:02}Z","eventSource":"{source}.amazonaws.com","eventName":"{name}","awsRegion":"eu-central-1","sourceIPAddress":"10.0.{}.{}","userAgent":"{agent}",{failed}"requestParameters":{request},"responseElements":{response},"requestID":"{event:08x}-{id:016x}","eventID":"{id:08x}-aaaa-4bbb-8ccc-{event:016x}","readOnly":{reads},"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"{account}","eventCategory":"Management","tlsDetails":{{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"{source}.eu-central-1.amazonaws.com"}}}}"#,
        chance.below(256),
        chance.below(256),
    )
    .unwrap();
}

fn filled(template: &str, chance: &mut Chance, account: u64, role: &str) -> String {
    let mut text = String::with_capacity(template.len() * 2);
    let mut parts = template.split('$');
    text.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let mut letters = part.chars();
        match letters.next() {
            Some('a') => write!(text, "{account}"),
            Some('b') => write!(text, "data-{role}-{:03}", chance.below(400)),
            Some('h') => write!(text, "{:016x}", chance.next()),
            Some('H') => write!(text, "{:016X}", chance.next()),
            Some('i') => write!(text, "i-{:016x}", chance.below(5_000)),
            Some('n') => write!(text, "{}", chance.below(250)),
            Some('r') => write!(text, "{role}-{:02}", chance.below(40)),
            other => write!(text, "${}", other.unwrap_or_default()),
        }
        .unwrap();
        text.push_str(letters.as_str());
    }
    text
}
