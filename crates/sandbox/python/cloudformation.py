"""CloudFormation as far as moto has none of it: drift, and what belongs to it (`standins.rs` lists it).

- `DetectStackDrift` compares what a template says of queues, topics and buckets with what is there: the properties in `LOOKED_AT`. It is
  over after a moment; the gateway then puts the notice on the bus. Other types are not looked at, as most are not by AWS; a key is one
  that the caller may not read.
- `CreateChangeSet` with `DeploymentMode` `REVERT_DRIFT` plans to set those properties back, `ExecuteChangeSet` does it, and the stack is
  `UPDATE_IN_PROGRESS` for a moment. Deleted resources are not made again.
- `UpdateTerminationProtection`, the time of the last update, and finding the stack of a resource by its physical id.
"""

import copy
import threading
import uuid
from datetime import datetime, timedelta, timezone

from moto.backends import get_backend
from moto.cloudformation import models, parsing
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.responses import CloudFormationResponse, StackResourceDTO
from moto.core.responses import ActionResult, EmptyResult

MOMENT = timedelta(milliseconds=100)
LOOKED_AT = {
    "AWS::SQS::Queue": {
        "VisibilityTimeout": "visibility_timeout",
        "DelaySeconds": "delay_seconds",
        "MessageRetentionPeriod": "message_retention_period",
    },
    "AWS::SNS::Topic": {"DisplayName": "display_name"},
    "AWS::S3::Bucket": {"VersioningConfiguration/Status": "versioning_status"},
}
UNREADABLE = {"AWS::KMS::Key"}
runs = {}
reverts = {}
plain = {name: getattr(CloudFormationResponse, name) for name in (
    "create_change_set", "describe_change_set", "execute_change_set", "delete_change_set", "describe_stack_resources",
)}
update = models.Stack.update


def now():
    return datetime.now(timezone.utc).replace(tzinfo=None)


def live(stack, kind, physical):
    """The resource as it is, or nothing when it is gone."""
    if kind == "AWS::SQS::Queue":
        return get_backend("sqs")[stack.account_id][stack.region_name].queues.get(physical.rsplit("/", 1)[-1])
    if kind == "AWS::SNS::Topic":
        return get_backend("sns")[stack.account_id][stack.region_name].topics.get(physical)
    return get_backend("s3")[stack.account_id]["aws"].buckets.get(physical)


def described(stack, properties):
    return parsing.clean_json(copy.deepcopy(properties), stack.resource_map)


def compared(stack):
    """A result for each resource that is looked at."""
    results = []
    for resource in stack.stack_resources:
        logical = getattr(resource, "logical_resource_id", None)
        json = stack.resource_map._resource_json_map.get(logical, {})
        kind, physical = json.get("Type"), getattr(resource, "physical_resource_id", None)
        result = {
            "StackId": stack.stack_id,
            "LogicalResourceId": logical,
            "PhysicalResourceId": physical,
            "ResourceType": kind,
            "Timestamp": now(),
        }
        if kind in UNREADABLE:
            result["StackResourceDriftStatus"] = "UNKNOWN"
            result["DriftStatusReason"] = (
                "User is not authorized to perform the read"
                f" (Service: Kms, Status Code: 403, Request ID: {uuid.uuid4()})"
            )
        elif kind in LOOKED_AT:
            found = live(stack, kind, physical)
            differences = differing(stack, kind, json.get("Properties", {}), found) if found else []
            result["PropertyDifferences"] = differences
            result["StackResourceDriftStatus"] = "DELETED" if not found else "MODIFIED" if differences else "IN_SYNC"
        else:
            continue
        results.append(result)
    return results


def differing(stack, kind, properties, found):
    differences, properties = [], described(stack, properties)
    for path, attribute in LOOKED_AT[kind].items():
        expected = properties
        for part in path.split("/"):
            expected = expected.get(part) if isinstance(expected, dict) else None
        actual = getattr(found, attribute)
        if expected is not None and str(expected) != str(actual):
            differences.append(
                {
                    "PropertyPath": f"/{path}",
                    "ExpectedValue": str(expected),
                    "ActualValue": str(actual),
                    "DifferenceType": "NOT_EQUAL",
                }
            )
    return differences


def finish(run):
    """Once the moment is over, the detection has found what is there then."""
    if run["status"] == "DETECTION_IN_PROGRESS" and now() >= run["at"] + MOMENT:
        stack = run["stack"]
        stack.drifts = compared(stack)
        states = [result["StackResourceDriftStatus"] for result in stack.drifts]
        drifted = sum(state in ("MODIFIED", "DELETED") for state in states)
        run["status"] = "DETECTION_COMPLETE"
        run["drifted"] = drifted
        run["drift"] = "DRIFTED" if drifted else "UNKNOWN" if "UNKNOWN" in states else "IN_SYNC"
        stack.drift_information = {"StackDriftStatus": run["drift"], "LastCheckTimestamp": run["at"]}


def detect_stack_drift(self):
    stack = self.cloudformation_backend.get_stack(self._get_param("StackName"))
    for run in runs.values():
        finish(run)
        if run["stack"] is stack and run["status"] == "DETECTION_IN_PROGRESS":
            raise ValidationError(message=f"Drift detection is already in progress for stack [ {stack.stack_id} ]")
    if stack.status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED"):
        raise ValidationError(message=f"Drift detection cannot be performed on stack in {stack.status} state.")
    run = {"stack": stack, "status": "DETECTION_IN_PROGRESS", "at": now(), "drifted": -1, "drift": "NOT_CHECKED"}
    known = getattr(stack, "drift_information", {"StackDriftStatus": "NOT_CHECKED"})
    stack.drift_information = {**known, "LastCheckTimestamp": run["at"]}
    identity = str(uuid.uuid4())
    runs[identity] = run
    return ActionResult({"StackDriftDetectionId": identity})


def describe_stack_drift_detection_status(self):
    identity = self._get_param("StackDriftDetectionId")
    run = runs.get(identity)
    if run is None:
        raise ValidationError(message=f"StackDriftDetectionId {identity} does not exist")
    finish(run)
    answer = {
        "StackId": run["stack"].stack_id,
        "StackDriftDetectionId": identity,
        "DetectionStatus": run["status"],
        "Timestamp": run["at"],
    }
    if run["status"] == "DETECTION_COMPLETE":
        answer.update({"StackDriftStatus": run["drift"], "DriftedStackResourceCount": run["drifted"]})
    return ActionResult(answer)


def describe_stack_resource_drifts(self):
    stack = self.cloudformation_backend.get_stack(self._get_param("StackName"))
    for run in runs.values():
        finish(run)
    wanted = self._get_param("StackResourceDriftStatusFilters", [])
    drifts = [one for one in getattr(stack, "drifts", []) if not wanted or one["StackResourceDriftStatus"] in wanted]
    return ActionResult({"StackResourceDrifts": drifts})


def update_termination_protection(self):
    stack = self.cloudformation_backend.get_stack(self._get_param("StackName"))
    stack.enable_termination_protection = bool(self._get_bool_param("EnableTerminationProtection"))
    return ActionResult({"StackId": stack.stack_id})


def the_revert(self):
    """The change set of this name that reverts drift, of this stack."""
    name, stack = self._get_param("ChangeSetName"), self._get_param("StackName")
    for revert in reverts.values():
        of_stack = not stack or stack in (revert["stack"].stack_id, revert["stack"].name)
        if of_stack and name in (revert["name"], revert["arn"]):
            return revert
    return None


def create_change_set(self):
    if self._get_param("DeploymentMode") != "REVERT_DRIFT":
        return plain["create_change_set"](self)
    stack = self.cloudformation_backend.get_stack(self._get_param("StackName"))
    drifted = [one for one in compared(stack) if one["StackResourceDriftStatus"] == "MODIFIED"]
    name = self._get_param("ChangeSetName")
    partition = f"arn:aws:cloudformation:{stack.region_name}:{stack.account_id}"
    arn = f"{partition}:changeSet/{name}/{uuid.uuid4()}"
    reverts[arn] = {"stack": stack, "name": name, "arn": arn, "drifted": drifted, "made": now(), "execution": "AVAILABLE"}
    return ActionResult({"Id": arn, "StackId": stack.stack_id})


def describe_change_set(self):
    revert = the_revert(self)
    if revert is None:
        return plain["describe_change_set"](self)
    ready = now() >= revert["made"] + MOMENT
    empty = not revert["drifted"]
    status = "CREATE_IN_PROGRESS" if not ready else "FAILED" if empty else "CREATE_COMPLETE"
    changes = [
        {
            "Action": "Modify",
            "LogicalResourceId": one["LogicalResourceId"],
            "PhysicalResourceId": one["PhysicalResourceId"],
            "ResourceType": one["ResourceType"],
            "Replacement": "False",
        }
        for one in revert["drifted"]
    ]
    return ActionResult(
        {
            "ChangeSetName": revert["name"],
            "ChangeSetId": revert["arn"],
            "StackId": revert["stack"].stack_id,
            "StackName": revert["stack"].name,
            "Status": status,
            "ExecutionStatus": revert["execution"] if status == "CREATE_COMPLETE" else "UNAVAILABLE",
            "StatusReason": "The submitted information didn't contain changes." if empty else None,
            "Changes": changes if ready else [],
            "Parameters": {},
            "DeploymentMode": "REVERT_DRIFT",
            "CreationTime": revert["made"],
        }
    )


def execute_change_set(self):
    revert = the_revert(self)
    if revert is None:
        return plain["execute_change_set"](self)
    stack = revert["stack"]
    revert["execution"] = "EXECUTE_IN_PROGRESS"
    stack.status, stack.last_updated_time = "UPDATE_IN_PROGRESS", now()

    def done():
        for one in revert["drifted"]:
            found = live(stack, one["ResourceType"], one["PhysicalResourceId"])
            for difference in one["PropertyDifferences"]:
                attribute = LOOKED_AT[one["ResourceType"]][difference["PropertyPath"].lstrip("/")]
                setattr(found, attribute, type(getattr(found, attribute))(difference["ExpectedValue"]))
        stack.status = "UPDATE_COMPLETE"
        # AWS deletes the change sets of a stack that one of them was executed on.
        for arn in [arn for arn, other in reverts.items() if other["stack"] is stack]:
            del reverts[arn]

    threading.Timer(MOMENT.total_seconds(), done).start()
    return EmptyResult()


def delete_change_set(self):
    revert = the_revert(self)
    if revert is None:
        return plain["delete_change_set"](self)
    del reverts[revert["arn"]]
    return EmptyResult()


def describe_stack_resources(self):
    physical = self._get_param("PhysicalResourceId")
    if self._get_param("StackName") or not physical:
        return plain["describe_stack_resources"](self)
    for stack in self.cloudformation_backend.stacks.values():
        resources = list(stack.stack_resources)
        if any(getattr(one, "physical_resource_id", None) == physical for one in resources):
            return ActionResult({"StackResources": [StackResourceDTO(stack, one) for one in resources]})
    raise ValidationError(message=f"Stack for {physical} does not exist")


def update_remembered(self, *args, **kwargs):
    self.last_updated_time = now()
    return update(self, *args, **kwargs)


def missing_as_aws_says_it(find):
    def described_or_missing(self):
        try:
            return find(self)
        except ValidationError as missing:
            missing.code = "ChangeSetNotFound"
            raise

    return described_or_missing


plain["describe_change_set"] = missing_as_aws_says_it(plain["describe_change_set"])
models.Stack.update = update_remembered
for stand_in in (
    create_change_set, delete_change_set, describe_change_set, describe_stack_drift_detection_status, describe_stack_resource_drifts,
    describe_stack_resources, detect_stack_drift, execute_change_set, update_termination_protection,
):
    setattr(CloudFormationResponse, stand_in.__name__, stand_in)
