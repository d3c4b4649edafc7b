//! The calls that stop, delete or weaken what `protect` names. Each stands in the service authorization reference, with the
//! kinds of resource it is written with here: `tests/preventive/reference.tsv`.

use super::Protection;

/// Actions on resources.
pub(super) struct Protected {
    pub(super) sid: &'static str,
    pub(super) actions: &'static [&'static str],
    /// With `{partition}`, `{stack}` and `{hub}` in them.
    pub(super) resources: &'static [&'static str],
    /// Only for principals of the hub account.
    pub(super) in_hub: bool,
}

/// What belongs to a protection.
pub(super) fn of(protection: Protection) -> &'static [Protected] {
    match protection {
        Protection::Rectify => RECTIFY,
        Protection::CloudTrail => CLOUDTRAIL,
        Protection::Config => CONFIG,
        Protection::GuardDuty => GUARDDUTY,
        Protection::Macie => MACIE,
    }
}

/// Making, changing, removing and handing on the roles that are exempt by name; those of the settings are added.
pub(super) const EXEMPT_ROLES: Protected = Protected {
    sid: "ExemptRoles",
    actions: &[
        "iam:AttachRolePolicy",
        "iam:CreateRole",
        "iam:DeleteRole",
        "iam:DeleteRolePermissionsBoundary",
        "iam:DeleteRolePolicy",
        "iam:DetachRolePolicy",
        "iam:PassRole",
        "iam:PutRolePermissionsBoundary",
        "iam:PutRolePolicy",
        "iam:TagRole",
        "iam:UntagRole",
        "iam:UpdateAssumeRolePolicy",
        "iam:UpdateRole",
        "iam:UpdateRoleDescription",
    ],
    resources: &[
        "arn:{partition}:iam::*:role/rectify/{stack}-*",
        "arn:{partition}:iam::*:role/stacksets-exec-*",
        "arn:{partition}:iam::*:role/AWSCloudFormationStackSetExecutionRole",
    ],
    in_hub: false,
};

/// Roles are under [`EXEMPT_ROLES`]. Rows of the ledger are not protected: operators write them (`rectify exempt`, `pause`).
const RECTIFY: &[Protected] = &[
    Protected {
        sid: "RectifyRules",
        actions: &[
            "events:DeleteRule",
            "events:DisableRule",
            "events:EnableRule",
            "events:PutRule",
            "events:PutTargets",
            "events:RemoveTargets",
            "events:TagResource",
            "events:UntagResource",
        ],
        resources: &[
            "arn:{partition}:events:*:*:rule/{stack}-*",
            // Rules of the hub's bus have the bus in their ARN.
            "arn:{partition}:events:*:{hub}:rule/{stack}/*",
        ],
        in_hub: false,
    },
    Protected {
        sid: "RectifyBus",
        actions: &["events:DeleteEventBus", "events:UpdateEventBus"],
        resources: &["arn:{partition}:events:*:{hub}:event-bus/{stack}"],
        in_hub: false,
    },
    // These know no resource: written with the bus's ARN they would deny nothing.
    Protected {
        sid: "RectifyBusPolicy",
        actions: &["events:PutPermission", "events:RemovePermission"],
        resources: EVERYTHING,
        in_hub: true,
    },
    Protected {
        sid: "RectifyFunctions",
        actions: &[
            "lambda:AddPermission",
            "lambda:CreateFunction",
            "lambda:CreateFunctionUrlConfig",
            "lambda:DeleteFunction",
            "lambda:DeleteFunctionConcurrency",
            "lambda:DeleteFunctionEventInvokeConfig",
            "lambda:PutFunctionConcurrency",
            "lambda:PutFunctionEventInvokeConfig",
            "lambda:RemovePermission",
            "lambda:UpdateFunctionCode",
            "lambda:UpdateFunctionConfiguration",
            "lambda:UpdateFunctionEventInvokeConfig",
        ],
        resources: &["arn:{partition}:lambda:*:{hub}:function:{stack}-*"],
        in_hub: false,
    },
    Protected {
        sid: "RectifyLedger",
        actions: &[
            "dynamodb:DeleteResourcePolicy",
            "dynamodb:DeleteTable",
            "dynamodb:PutResourcePolicy",
            "dynamodb:UpdateContinuousBackups",
            "dynamodb:UpdateTable",
            "dynamodb:UpdateTimeToLive",
        ],
        resources: &["arn:{partition}:dynamodb:*:{hub}:table/{stack}-ledger"],
        in_hub: false,
    },
    Protected {
        sid: "RectifyStacks",
        actions: &[
            "cloudformation:CancelUpdateStack",
            "cloudformation:ContinueUpdateRollback",
            "cloudformation:CreateChangeSet",
            "cloudformation:CreateStack",
            "cloudformation:DeleteStack",
            "cloudformation:ExecuteChangeSet",
            "cloudformation:RollbackStack",
            "cloudformation:SetStackPolicy",
            "cloudformation:UpdateStack",
            "cloudformation:UpdateTerminationProtection",
        ],
        resources: &[
            // What a stack set deploys is called after it (CloudFormation user guide, "StackSets concepts").
            "arn:{partition}:cloudformation:*:*:stack/StackSet-{stack}-*",
            "arn:{partition}:cloudformation:*:{hub}:stack/{stack}/*",
            "arn:{partition}:cloudformation:*:{hub}:stack/{stack}-*",
        ],
        in_hub: false,
    },
    Protected {
        sid: "RectifyStackSets",
        actions: &[
            "cloudformation:CreateStackInstances",
            "cloudformation:DeleteStackInstances",
            "cloudformation:DeleteStackSet",
            "cloudformation:StopStackSetOperation",
            "cloudformation:UpdateStackInstances",
            "cloudformation:UpdateStackSet",
        ],
        resources: &["arn:{partition}:cloudformation:*:{hub}:stackset/{stack}-*"],
        in_hub: false,
    },
];

const EVERYTHING: &[&str] = &["*"];

const CLOUDTRAIL: &[Protected] = &[Protected {
    sid: "CloudTrail",
    actions: &[
        "cloudtrail:DeleteChannel",
        "cloudtrail:DeleteEventDataStore",
        "cloudtrail:DeleteResourcePolicy",
        "cloudtrail:DeleteTrail",
        "cloudtrail:DeregisterOrganizationDelegatedAdmin",
        "cloudtrail:DisableFederation",
        "cloudtrail:PutEventSelectors",
        "cloudtrail:PutInsightSelectors",
        "cloudtrail:StopEventDataStoreIngestion",
        "cloudtrail:StopLogging",
        "cloudtrail:UpdateChannel",
        "cloudtrail:UpdateEventDataStore",
        "cloudtrail:UpdateTrail",
    ],
    resources: EVERYTHING,
    in_hub: false,
}];

const CONFIG: &[Protected] = &[Protected {
    sid: "Config",
    actions: &[
        "config:DeleteAggregationAuthorization",
        "config:DeleteConfigRule",
        "config:DeleteConfigurationAggregator",
        "config:DeleteConfigurationRecorder",
        "config:DeleteConformancePack",
        "config:DeleteDeliveryChannel",
        "config:DeleteEvaluationResults",
        "config:DeleteOrganizationConfigRule",
        "config:DeleteOrganizationConformancePack",
        "config:DeleteRemediationConfiguration",
        "config:DeleteRetentionConfiguration",
        "config:DeleteServiceLinkedConfigurationRecorder",
        "config:DisassociateResourceTypes",
        "config:PutConfigurationRecorder",
        "config:PutDeliveryChannel",
        "config:PutRetentionConfiguration",
        "config:StopConfigurationRecorder",
    ],
    resources: EVERYTHING,
    in_hub: false,
}];

const GUARDDUTY: &[Protected] = &[Protected {
    sid: "GuardDuty",
    actions: &[
        // Archived findings, filters and lists of trusted addresses hide what is found.
        "guardduty:ArchiveFindings",
        "guardduty:CreateFilter",
        "guardduty:CreateIPSet",
        "guardduty:CreateTrustedEntitySet",
        "guardduty:DeleteDetector",
        "guardduty:DeleteMalwareProtectionPlan",
        "guardduty:DeleteMembers",
        "guardduty:DeletePublishingDestination",
        "guardduty:DeleteThreatEntitySet",
        "guardduty:DeleteThreatIntelSet",
        "guardduty:DisableOrganizationAdminAccount",
        "guardduty:DisassociateFromAdministratorAccount",
        "guardduty:DisassociateFromMasterAccount",
        "guardduty:DisassociateMembers",
        "guardduty:StopMonitoringMembers",
        "guardduty:UpdateDetector",
        "guardduty:UpdateFilter",
        "guardduty:UpdateIPSet",
        "guardduty:UpdateMalwareProtectionPlan",
        "guardduty:UpdateMalwareScanSettings",
        "guardduty:UpdateMemberDetectors",
        "guardduty:UpdateOrganizationConfiguration",
        "guardduty:UpdatePublishingDestination",
        "guardduty:UpdateThreatEntitySet",
        "guardduty:UpdateThreatIntelSet",
        "guardduty:UpdateTrustedEntitySet",
    ],
    resources: EVERYTHING,
    in_hub: false,
}];

const MACIE: &[Protected] = &[Protected {
    sid: "Macie",
    actions: &[
        "macie2:BatchUpdateAutomatedDiscoveryAccounts",
        // Allow lists and filters hide what is found.
        "macie2:CreateAllowList",
        "macie2:CreateFindingsFilter",
        "macie2:DeleteMember",
        "macie2:DisableMacie",
        "macie2:DisableOrganizationAdminAccount",
        "macie2:DisassociateFromAdministratorAccount",
        "macie2:DisassociateFromMasterAccount",
        "macie2:DisassociateMember",
        "macie2:PutClassificationExportConfiguration",
        "macie2:PutFindingsPublicationConfiguration",
        "macie2:UpdateAllowList",
        "macie2:UpdateAutomatedDiscoveryConfiguration",
        "macie2:UpdateClassificationJob",
        "macie2:UpdateClassificationScope",
        "macie2:UpdateFindingsFilter",
        "macie2:UpdateMacieSession",
        "macie2:UpdateMemberSession",
        "macie2:UpdateOrganizationConfiguration",
        "macie2:UpdateSensitivityInspectionTemplate",
    ],
    resources: EVERYTHING,
    in_hub: false,
}];
