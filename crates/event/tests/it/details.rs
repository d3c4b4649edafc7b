//! The shapes of every detail type, written from AWS's documentation of the events.

use rectify_event::{Detail, Event};
use serde_json::{Value, json};

use crate::corpus::envelope;

/// Parses an event around `detail` and hands it to `check`.
#[track_caller]
fn read(source: &str, detail_type: &str, detail: &Value, check: impl FnOnce(&Event<'_>)) {
    let text = envelope(source, detail_type, detail).to_string();
    check(&Event::parse(&text).unwrap());
}

#[test]
fn a_service_event_says_what_it_was_about() {
    let detail = json!({
        "eventVersion": "1.08", "eventSource": "organizations.amazonaws.com", "eventName": "CreateAccountResult",
        "eventType": "AwsServiceEvent", "userIdentity": {"accountId": "111122223333", "invokedBy": "AWS Internal"},
        "requestParameters": null, "responseElements": null, "managementEvent": true,
        "serviceEventDetails": {"createAccountStatus": {"state": "SUCCEEDED", "accountId": "444455556666"}},
    });
    read("aws.organizations", "AWS Service Event via CloudTrail", &detail, |event| {
        let Detail::ServiceEvent(record) = &event.detail else { panic!("{event:?}") };
        assert_eq!(record.event_type.as_deref(), Some("AwsServiceEvent"));
        assert_eq!(record.management_event, Some(true));
        assert!(record.service_event_details.unwrap().get().contains("444455556666"));
        assert!(record.request_parameters.is_none());
        assert_eq!(event.record().unwrap().event_name, "CreateAccountResult");
    });
}

#[test]
fn a_sign_in_is_told_from_a_call() {
    let detail = json!({
        "eventSource": "signin.amazonaws.com", "eventName": "ConsoleLogin", "userIdentity": {"type": "Root"},
        "responseElements": {"ConsoleLogin": "Success"}, "additionalEventData": {"MFAUsed": "No"},
    });
    read("aws.signin", "AWS Console Sign In via CloudTrail", &detail, |event| {
        let Detail::SignIn(record) = &event.detail else { panic!("{event:?}") };
        assert!(!record.failed());
        assert_eq!(record.actor().name, Some("root"));
        assert!(record.additional_event_data.unwrap().get().contains("MFAUsed"));
    });
}

#[test]
fn a_caller_of_every_kind_is_read_whole() {
    let detail = json!({
        "eventSource": "s3.amazonaws.com", "eventName": "PutBucketAcl", "vpcEndpointId": "vpce-1", "apiVersion": "2006-03-01",
        "resources": [{"type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::logs", "accountId": "111122223333"}, "odd"],
        "tlsDetails": {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256", "clientProvidedHostHeader": "s3"},
        "userIdentity": {
            "type": "AssumedRole", "identityProvider": "idp", "credentialId": "cred", "invokedBy": "athena.amazonaws.com",
            "onBehalfOf": {"userId": "u-1", "identityStoreArn": "arn:aws:identitystore::1:identitystore/d-1"},
            "inScopeOf": {"issuerType": "AWS::Lambda::Function", "credentialsIssuedTo": "arn:aws:lambda:eu-west-1:1:function:f"},
            "sessionContext": {
                "sourceIdentity": "alice", "ec2RoleDelivery": "2.0",
                "attributes": {"mfaAuthenticated": "true", "creationDate": "2026-11-23T09:00:00Z"},
                "webIdFederationData": {"federatedProvider": "arn:aws:iam::1:oidc-provider/x", "attributes": {"aud": "sts"}},
                "sessionIssuer": {"type": "Role", "userName": "Deploy", "arn": "arn:aws:iam::1:role/Deploy", "accountId": "1"},
            },
        },
    });
    read("aws.s3", "AWS API Call via CloudTrail", &detail, |event| {
        let record = event.record().unwrap();
        let identity = record.user_identity.as_ref().unwrap();
        let context = identity.session_context.as_ref().unwrap();
        let attributes = context.attributes.as_ref().unwrap();
        let federation = context.web_id_federation_data.as_ref().unwrap();
        assert_eq!(identity.on_behalf_of.as_ref().unwrap().user_id.as_deref(), Some("u-1"));
        assert_eq!(identity.in_scope_of.as_ref().unwrap().issuer_type.as_deref(), Some("AWS::Lambda::Function"));
        assert_eq!(identity.identity_provider.as_deref(), Some("idp"));
        assert_eq!(identity.credential_id.as_deref(), Some("cred"));
        assert_eq!(context.source_identity.as_deref(), Some("alice"));
        assert_eq!(context.ec2_role_delivery.as_deref(), Some("2.0"));
        assert_eq!(attributes.mfa_authenticated, Some(true));
        assert_eq!(attributes.creation_date.as_deref(), Some("2026-11-23T09:00:00Z"));
        assert_eq!(federation.federated_provider.as_deref(), Some("arn:aws:iam::1:oidc-provider/x"));
        assert_eq!(federation.attributes.unwrap().get(), r#"{"aud":"sts"}"#);
        assert_eq!(record.issuer_arn(), Some("arn:aws:iam::1:role/Deploy"));
        assert_eq!(record.vpc_endpoint_id.as_deref(), Some("vpce-1"));
        assert_eq!(record.api_version.as_deref(), Some("2006-03-01"));
        assert_eq!(record.resources.len(), 1);
        assert_eq!(record.resources[0].arn.as_deref(), Some("arn:aws:s3:::logs"));
        assert_eq!(record.tls_details.as_ref().unwrap().tls_version.as_deref(), Some("TLSv1.3"));
    });
}

#[test]
fn an_oversized_configuration_item_still_names_its_resource() {
    let detail = json!({
        "messageType": "OversizedConfigurationItemChangeNotification",
        "configurationItemSummary": {
            "changeType": "UPDATE", "awsAccountId": "111122223333", "resourceType": "AWS::S3::Bucket", "resourceId": "logs",
            "ARN": "arn:aws:s3:::logs", "awsRegion": "eu-west-1", "configurationItemStatus": "OK",
        },
        "s3DeliverySummary": {"s3BucketLocation": "config/oversized", "errorCode": null},
    });
    read("aws.config", "Config Configuration Item Change", &detail, |event| {
        let Detail::ConfigItem(change) = &event.detail else { panic!("{event:?}") };
        let item = change.item().unwrap();
        assert!(change.is_oversized() && !item.is_deleted());
        assert_eq!(item.resource_id.as_deref(), Some("logs"));
        assert_eq!(item.change_type.as_deref(), Some("UPDATE"));
        assert_eq!(item.account.as_deref(), Some("111122223333"));
        assert!(change.s3_delivery_summary.unwrap().get().contains("oversized"));
        assert!(change.configuration_item_diff.is_none());
    });
}

#[test]
fn a_deleted_configuration_item_says_so() {
    let item =
        json!({"resourceType": "AWS::S3::Bucket", "resourceId": "logs", "configurationItemStatus": "ResourceDeleted"});
    let detail = json!({
        "configurationItem": item,
        "configurationItemDiff": {"changeType": "DELETE", "changedProperties": {"Configuration": {"changeType": "DELETE"}}},
    });
    read("aws.config", "Config Configuration Item Change", &detail, |event| {
        let Detail::ConfigItem(change) = &event.detail else { panic!("{event:?}") };
        assert!(change.item().unwrap().is_deleted());
        let diff = change.configuration_item_diff.as_ref().unwrap();
        assert_eq!(diff.change_type.as_deref(), Some("DELETE"));
        assert!(diff.changed_properties.unwrap().get().contains("Configuration"));
    });
}

#[test]
fn a_compliance_change_has_both_results() {
    let detail = json!({
        "messageType": "ComplianceChangeNotification", "resourceType": "AWS::S3::Bucket", "resourceId": "logs",
        "awsRegion": "eu-west-1", "awsAccountId": "111122223333", "configRuleName": "s3-bucket-level-public-access-prohibited",
        "configRuleARN": "arn:aws:config:eu-west-1:111122223333:config-rule/config-rule-abc",
        "newEvaluationResult": {"complianceType": "NON_COMPLIANT", "annotation": "public"},
        "oldEvaluationResult": {"complianceType": "COMPLIANT"},
    });
    read("aws.config", "Config Rules Compliance Change", &detail, |event| {
        let Detail::ConfigCompliance(change) = &event.detail else { panic!("{event:?}") };
        assert_eq!(change.new.as_ref().unwrap().compliance.as_deref(), Some("NON_COMPLIANT"));
        assert_eq!(change.new.as_ref().unwrap().annotation.as_deref(), Some("public"));
        assert_eq!(change.old.as_ref().unwrap().compliance.as_deref(), Some("COMPLIANT"));
        assert_eq!(change.rule_name.as_deref(), Some("s3-bucket-level-public-access-prohibited"));
        assert_eq!((change.account.as_deref(), change.region.as_deref()), (Some("111122223333"), Some("eu-west-1")));
    });
}

#[test]
fn a_guard_duty_finding_names_bucket_and_key() {
    let detail = json!({
        "id": "f", "type": "Policy:S3/BucketAnonymousAccessGranted", "severity": 8, "accountId": "111122223333",
        "resource": {
            "resourceType": "S3Bucket", "s3BucketDetails": [{"name": "logs", "arn": "arn:aws:s3:::logs"}, {"name": "data"}],
            "accessKeyDetails": {"accessKeyId": "AKIAEXAMPLE", "userName": "alice", "userType": "IAMUser"},
        },
        "service": {"archived": false, "count": 2, "additionalInfo": {"sample": true}},
    });
    read("aws.guardduty", "GuardDuty Finding", &detail, |event| {
        let Detail::GuardDuty(finding) = &event.detail else { panic!("{event:?}") };
        let resource = finding.resource.as_ref().unwrap();
        assert_eq!(finding.kind.as_deref(), Some("Policy:S3/BucketAnonymousAccessGranted"));
        assert_eq!(finding.severity, Some(8.0));
        assert_eq!(resource.s3_bucket_details.len(), 2);
        assert_eq!(resource.s3_bucket_details[0].arn.as_deref(), Some("arn:aws:s3:::logs"));
        assert_eq!(resource.access_key_details.as_ref().unwrap().user_name.as_deref(), Some("alice"));
        assert_eq!(finding.service.as_ref().unwrap().archived, Some(false));
    });
}

#[test]
fn a_macie_finding_names_bucket_and_object() {
    let detail = json!({
        "id": "m", "type": "SensitiveData:S3Object/Credentials", "category": "CLASSIFICATION", "sample": false,
        "severity": {"score": 3, "description": "High"},
        "resourcesAffected": {
            "s3Bucket": {"name": "logs", "arn": "arn:aws:s3:::logs", "publicAccess": {"effectivePermission": "NOT_PUBLIC"}},
            "s3Object": {"bucketArn": "arn:aws:s3:::logs", "key": "a b.txt", "versionId": "", "eTag": "e"},
        },
    });
    read("aws.macie", "Macie Finding", &detail, |event| {
        let Detail::Macie(finding) = &event.detail else { panic!("{event:?}") };
        let affected = finding.resources_affected.as_ref().unwrap();
        assert_eq!(affected.s3_bucket.as_ref().unwrap().name.as_deref(), Some("logs"));
        assert_eq!(affected.s3_object.as_ref().unwrap().key.as_deref(), Some("a b.txt"));
        assert_eq!(affected.s3_object.as_ref().unwrap().etag.as_deref(), Some("e"));
        assert_eq!(finding.severity.as_ref().unwrap().score, Some(3.0));
        assert_eq!(finding.sample, Some(false));
    });
}

#[test]
fn an_imported_security_hub_finding_is_the_one_in_the_list() {
    let detail = json!({"findings": [{
        "Id": "f", "ProductName": "Security Hub", "GeneratorId": "security-control/S3.2", "AwsAccountId": "111122223333",
        "Compliance": {"Status": "FAILED"}, "RecordState": "ACTIVE", "Types": ["Software and Configuration Checks"],
        "Resources": [{"Type": "AwsS3Bucket", "Id": "arn:aws:s3:::logs", "Partition": "aws", "Region": "eu-west-1"}],
    }]});
    read("aws.securityhub", "Security Hub Findings - Imported", &detail, |event| {
        let Detail::SecurityHub(finding) = &event.detail else { panic!("{event:?}") };
        assert_eq!(finding.generator_id.as_deref(), Some("security-control/S3.2"));
        assert_eq!(finding.resources[0].kind.as_deref(), Some("AwsS3Bucket"));
        assert_eq!(finding.resources[0].id.as_deref(), Some("arn:aws:s3:::logs"));
        assert_eq!(finding.types.as_ref().unwrap().len(), 1);
    });
    for detail in [json!({"findings": []}), json!({}), json!({"findings": "x"})] {
        read("aws.securityhub", "Security Hub Findings - Imported", &detail, |event| {
            assert!(matches!(event.detail, Detail::Other));
        });
    }
}

#[test]
fn drift_says_how_the_detection_ended() {
    let detail = json!({
        "stack-id": "arn:aws:cloudformation:eu-west-1:111122223333:stack/web/1", "stack-drift-detection-id": "d",
        "status-details": {"stack-drift-status": "DRIFTED", "detection-status": "DETECTION_COMPLETE"},
        "drift-detection-details": {"drifted-stack-resource-count": 2},
    });
    read("aws.cloudformation", "CloudFormation Drift Detection Status Change", &detail, |event| {
        let Detail::Drift(drift) = &event.detail else { panic!("{event:?}") };
        let status = drift.status_details.as_ref().unwrap();
        assert_eq!(status.stack_drift_status.as_deref(), Some("DRIFTED"));
        assert_eq!(status.detection_status.as_deref(), Some("DETECTION_COMPLETE"));
        assert_eq!(drift.drift_detection_details.unwrap().drifted_stack_resource_count, Some(2.0));
    });
}

#[test]
fn an_object_event_names_bucket_and_key() {
    let detail = json!({
        "bucket": {"name": "logs"}, "object": {"key": "a b.txt", "size": 5, "version-id": "v", "sequencer": "00"},
        "reason": "PutObject", "requester": "111122223333", "source-ip-address": "192.0.2.1", "request-id": "r",
    });
    read("aws.s3", "Object Created", &detail, |event| {
        let Detail::ObjectCreated(created) = &event.detail else { panic!("{event:?}") };
        let object = created.object.as_ref().unwrap();
        assert_eq!(created.bucket.as_ref().unwrap().name.as_deref(), Some("logs"));
        assert_eq!((object.key.as_deref(), object.size), (Some("a b.txt"), Some(5.0)));
        assert_eq!(object.version_id.as_deref(), Some("v"));
        assert_eq!(created.source_ip_address.as_deref(), Some("192.0.2.1"));
    });
    read("aws.other", "Object Created", &detail, |event| assert!(matches!(event.detail, Detail::Other)));
}

#[test]
fn a_schedule_names_its_rule() {
    let mut event = envelope("aws.events", "Scheduled Event", &json!({}));
    event["resources"] = json!(["arn:aws:events:eu-west-1:111122223333:rule/sweep"]);
    let text = event.to_string();
    let event = Event::parse(&text).unwrap();
    let Detail::Scheduled(schedule) = &event.detail else { panic!("{event:?}") };
    assert_eq!(schedule.rule.as_deref(), Some("arn:aws:events:eu-west-1:111122223333:rule/sweep"));
}
