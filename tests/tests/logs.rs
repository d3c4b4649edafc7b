//! What the functions write: one JSON object per line, in the shape that Lambda and CloudWatch look for.

use rectify_e2e::Stage;
use serde_json::Value;

const GUARD: &str = "S3BucketGuard";

#[tokio::test(flavor = "multi_thread")]
async fn every_line_is_json_with_a_level_and_a_time_and_one_wide_line_has_the_metrics() {
    let stage = Stage::new().await;
    stage.aws.create_bucket("data").await;
    stage.aws.put_acl("data", "public-read").await;
    stage.settle().await;
    let broken = stage.world.invoke("S3BucketGuard", &Value::from("no event")).await.unwrap();
    assert_eq!(broken.response["errorType"], "Rectify.NotAnEvent", "{broken:?}");
    stage.settle().await;

    let logs = stage.world.logs();
    let lines: Vec<Value> = logs
        .iter()
        .filter(|line| line.function == GUARD)
        .map(|line| serde_json::from_str(&line.line).unwrap_or_else(|error| panic!("{error}: {}", line.line)))
        .collect();
    for line in &lines {
        assert!(["INFO", "WARN", "ERROR"].contains(&line["level"].as_str().unwrap()), "{line}");
        let time = line["timestamp"].as_str().unwrap();
        assert!(time.len() == "2026-11-23T07:00:00.000Z".len() && time.ends_with('Z'), "{line}");
        assert_eq!(line["service"], "rectify-s3-bucket", "{line}");
    }

    let wide: Vec<&Value> = lines.iter().filter(|line| line.get("_aws").is_some()).collect();
    let answered = stage.world.invocations().iter().filter(|invocation| invocation.function == GUARD).count();
    assert_eq!(wide.len(), answered, "one wide line for each invocation\n{}", stage.story());
    for line in &wide {
        let metrics = line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap();
        for metric in metrics {
            let name = metric["Name"].as_str().unwrap();
            assert!(line[name].is_number(), "metric {name} has no value: {line}");
        }
        assert_eq!(line["kind"], "s3-bucket", "the dimension is a field");
        assert!(line["function_request_id"].is_string() && line["cold_start"].is_boolean(), "{line}");
    }
    let corrected: f64 = wide.iter().filter_map(|line| line["Corrected"].as_f64()).sum();
    assert!((corrected - 1.0).abs() < f64::EPSILON, "{}", stage.story());
    let errors = lines.iter().filter(|line| line["exception_name"] == "Rectify.NotAnEvent").count();
    assert_eq!(errors, 1, "an error is logged once");
    for line in &logs {
        assert!(!line.line.contains("requestParameters"), "the event itself is never logged: {}", line.line);
        let of = serde_json::from_str::<Value>(&line.line).unwrap();
        let service = if line.function == GUARD { "rectify-s3-bucket" } else { "rectify-notifier" };
        assert_eq!((&of["service"], of["timestamp"].is_string()), (&service.into(), true), "{}", line.line);
    }
    stage.close().await;
}
