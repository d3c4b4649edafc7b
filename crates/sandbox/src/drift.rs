//! The notice that CloudFormation puts on the bus when a drift detection is over (CloudFormation user guide, "Drift Detection Status
//! Change event detail").

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::bus::{Bus, Place};
use crate::hub::Hub;
use crate::moto::Own;
use crate::trail::identity::seconds;
use crate::trail::xml;

/// How long to wait between two questions, and how often to ask: a detection takes a tenth of a second here.
const BETWEEN: Duration = Duration::from_millis(50);
const QUESTIONS: u32 = 100;

/// Waits for the end of the detection `id` and delivers its notice.
pub(crate) async fn announce(hub: Arc<Hub>, bus: Arc<Bus>, at: Place, id: String) {
    let _work = hub.busy.begin();
    let own = Own { service: "cloudformation", region: &at.region, account: &at.account };
    let question =
        [("Action", "DescribeStackDriftDetectionStatus"), ("Version", "2010-05-15"), ("StackDriftDetectionId", &id)];
    for _ in 0..QUESTIONS {
        tokio::time::sleep(BETWEEN).await;
        let Ok(answer) = hub.moto.query(own, &question).await else { return };
        let text = |name: &str| xml::first_text(&answer.body, name);
        match text("DetectionStatus").as_deref() {
            Some("DETECTION_IN_PROGRESS") => {}
            Some(status) => {
                let drifted = text("DriftedStackResourceCount").and_then(|count| count.parse::<i64>().ok());
                let notice = notice(
                    &at,
                    &id,
                    &text("StackId").unwrap_or_default(),
                    status,
                    text("StackDriftStatus").as_deref(),
                    drifted,
                );
                hub.records.events.push(notice.clone());
                bus.deliver(&notice);
                return;
            }
            None => return,
        }
    }
}

fn notice(at: &Place, id: &str, stack: &str, status: &str, drift: Option<&str>, drifted: Option<i64>) -> Value {
    json!({
        "version": "0",
        "id": uuid::Uuid::new_v4().to_string(),
        "detail-type": "CloudFormation Drift Detection Status Change",
        "source": "aws.cloudformation",
        "account": at.account,
        "time": seconds(jiff::Timestamp::now()),
        "region": at.region,
        "resources": [stack],
        "detail": {
            "stack-id": stack,
            "stack-drift-detection-id": id,
            "status-details": {"stack-drift-status": drift, "detection-status": status},
            "drift-detection-details": {"drifted-stack-resource-count": drifted.unwrap_or(-1)},
            "client-request-token": "",
        },
    })
}
