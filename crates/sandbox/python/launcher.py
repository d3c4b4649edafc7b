"""Runs moto's server for rectify's sandbox, in the process that the sandbox started.

- Leaves when its standard input closes, so nothing survives the sandbox, however that ended: functions that are still
  running then are ended first. The sandbox names them on that input, `+<process group>` and `-<process group>`.
- Takes a free port and writes it to standard output as one JSON line when it is ready.
- IAM enforcement is on from the first request. A request that carries the sandbox's token is the account's administrator;
  every other request is checked by moto against the policies of the role whose credentials signed it.
- moto knows few action names and almost no resources; the gateway names both, in two headers (see `standins.rs`).
- moto carries out a transaction item by item and undoes a refused one by putting back a copy of the whole table, which loses
  what others wrote in the meantime: DynamoDB takes one request at a time here. The copy has only the transaction's own items
  to itself, because copying a whole table takes most of moto's time once it has some hundred rows.
- The gateway can ask whether a request is allowed without having it carried out.
- moto chooses the ids of organisations, units and accounts by chance; the sandbox names them in a header, so that settings can.
- moto's check of trust policies knows one condition operator and no account of another; the gateway decides those (`sts.rs`).
- moto fails with an internal error when a schedule's group does not exist.
- moto lists the buckets of a page and forgets the rest: here the page ends with a token, and each bucket says its region.
- moto fails with an internal error when an event is for a rule whose target is a function: the sandbox's own bus delivers.
- moto calls the answer of GetBucketVersioning by a name that the SDKs do not read.
- moto delivers messages of one group to two callers that ask at the same time, and forgets that a message was sent once it is
  deleted, so that the same deduplication id is a new message at once: SQS takes one request at a time here, and remembers ids for
  five minutes. A message that is moved to a dead-letter queue was not sent again.
- moto's Security Hub imports also where it is off, findings of any account and product, and lets an import change what is the
  reader's (the workflow for one); and it has no BatchUpdateFindings.
- moto counts a bucket policy's Deny under a condition as a Deny. The sandbox has no TLS where AWS would: a statement that denies
  what comes without it is left out when calls on objects are checked.
- moto's EC2 forgets the description of a rule for a prefix list or a group, changes the address of IPv4 rules only, cannot filter
  groups by the lists they refer to, keeps lists to one account, and has neither GetManagedPrefixListAssociations nor
  RestoreManagedPrefixListVersion.
- moto checks a signature over the form it parsed, not over the bytes that came, so a form with anything but plain letters in
  it never matches, and in place of an empty body it takes the parameters of the address; the bytes are kept for the check.
"""

import contextlib
import copy
import functools
import io
import json
import logging
import os
import signal
import sys
import threading
import time


def leave_with_parent():
    running = set()
    for line in sys.stdin:
        (running.add if line[0] == "+" else running.discard)(int(line[1:]))
    for group in running:
        try:
            os.killpg(group, signal.SIGKILL)
        except ProcessLookupError:
            pass
    os._exit(0)


threading.Thread(target=leave_with_parent, daemon=True).start()
token = os.environ.pop("RECTIFY_SANDBOX_TOKEN")

from moto import settings  # noqa: E402
from moto.backends import get_backend  # noqa: E402
from moto.core.responses import ActionResult  # noqa: E402
from moto.core.authorization import ActionAuthenticatorMixin  # noqa: E402
from moto.core.serialize import BaseXMLSerializer  # noqa: E402
from moto.dynamodb import models as dynamodb_models  # noqa: E402
from moto.dynamodb.models.dynamo_type import DynamoType  # noqa: E402
from moto.dynamodb.models.table import Table  # noqa: E402
from moto.events.models import Rule  # noqa: E402
from moto.iam.access_control import IAMRequestBase  # noqa: E402
from moto.moto_server.werkzeug_app import (  # noqa: E402
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from moto.organizations import utils as organizations  # noqa: E402
from moto.s3.models import FakeBucket  # noqa: E402
from moto.s3.responses import S3Response  # noqa: E402
from moto.scheduler.models import EventBridgeSchedulerBackend  # noqa: E402
from moto.securityhub import urls as securityhub  # noqa: E402
from moto.securityhub.exceptions import SecurityHubClientError  # noqa: E402
from moto.securityhub.models import SecurityHubBackend  # noqa: E402
from moto.securityhub.responses import SecurityHubResponse  # noqa: E402
from moto.sqs.models import Queue, SQSBackend  # noqa: E402
from werkzeug.exceptions import HTTPException  # noqa: E402
from werkzeug.serving import make_server  # noqa: E402

settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
authorize = ActionAuthenticatorMixin._authenticate_and_authorize_action
permit = IAMRequestBase.check_action_permitted
sign = IAMRequestBase._create_aws_request
versioning = S3Response.get_bucket_versioning
answer = BaseXMLSerializer._serialized_result_to_response
schedule = EventBridgeSchedulerBackend.create_schedule
transact = dynamodb_models.DynamoDBBackend.transact_write_items
import_findings = SecurityHubBackend.batch_import_findings
bucket_permission = FakeBucket.get_permission
receive = SQSBackend.receive_message
received = threading.local()
dynamodb = threading.Lock()
queues = threading.RLock()
importing = threading.Lock()
DEDUPLICATION_INTERVAL_MS = 300_000


class Permitted(HTTPException):
    code = 204
    description = ""


def authorize_unless_administrator(self, iam_request_cls, resource="*"):
    if self.headers.get("x-rectify-administrator") != token:
        authorize(self, iam_request_cls, resource)
    if self.headers.get("x-rectify-only-check") == token:
        raise Permitted


def answer_named_after_its_shape(self, resp, result, shape, serialized_result):
    resp = answer(self, resp, result, shape, serialized_result)
    name = self.operation_model.name
    if shape is not None and shape.name == f"{name}Result":
        resp["body"] = resp["body"].replace(f"{name}Response", shape.name)
    return resp


def permit_named_action(self, resource):
    resource = self._headers.get("x-rectify-resource") or resource
    # A transaction takes the action of every item in it.
    # An action on something else than the call is about says on what.
    for action in (self._headers.get("x-rectify-action") or self._action).split(","):
        self._action, _, other = action.partition("@")
        permit(self, other or resource)


def sign_received_bytes(self):
    self._body = received.body
    # Signed in place of a body that is empty, unless there are none.
    data, self._data = self._data, b""
    try:
        return sign(self)
    finally:
        self._data = data


def keep_body(application):
    def keep(environ, start_response):
        length = int(environ.get("CONTENT_LENGTH") or 0)
        received.body = environ["wsgi.input"].read(length)
        environ["wsgi.input"] = io.BytesIO(received.body)
        ids = environ.pop("HTTP_X_RECTIFY_NEW_IDS", "")
        received.new_ids = ids.split(",") if ids else []
        if "/ec2/" in environ.get("HTTP_AUTHORIZATION", ""):
            ec2_as_the_guards_need_it()
        with dynamodb if "/dynamodb/" in environ.get("HTTP_AUTHORIZATION", "") else contextlib.nullcontext():
            return application(environ, start_response)

    return keep


def transact_with_its_items_in_mind(self, transact_items):
    received.transaction = transact_items
    try:
        transact(self, transact_items)
    finally:
        received.transaction = None


class CopyOfTouched:
    """In place of `copy` in moto's DynamoDB."""

    def __getattr__(self, name):
        return getattr(copy, name)

    def deepcopy(self, original, memo=None):
        transaction = getattr(received, "transaction", None)
        if not transaction or not isinstance(original, Table):
            return copy.deepcopy(original, memo)
        twin = copy.copy(original)
        twin.items = copy.copy(original.items)
        for hash_key, entry in original.items.items():
            if isinstance(entry, dict):
                twin.items[hash_key] = dict(entry)
        for operation in (operation for item in transaction for operation in item.values()):
            key = operation.get("Key") or operation.get("Item") or {}
            if operation.get("TableName") != original.name or original.hash_key_attr not in key:
                continue
            hash_key = DynamoType(key[original.hash_key_attr])
            if hash_key not in twin.items:
                continue
            if not isinstance(twin.items[hash_key], dict):
                twin.items[hash_key] = copy.deepcopy(twin.items[hash_key])
            elif original.range_key_attr in key:
                range_key = DynamoType(key[original.range_key_attr])
                if range_key in twin.items[hash_key]:
                    twin.items[hash_key][range_key] = copy.deepcopy(twin.items[hash_key][range_key])
        return twin


def one_at_a_time(method):
    def alone(*args, **kwargs):
        with queues:
            return method(*args, **kwargs)

    return alone


def receive_one_at_a_time(self, queue_name, count, wait_seconds, *args, **kwargs):
    until = time.monotonic() + int(wait_seconds or 0)
    while True:
        with queues:
            messages = receive(self, queue_name, count, 0, *args, **kwargs)
        if messages or time.monotonic() >= until:
            return messages
        time.sleep(0.02)


def add_once(self, message):
    if self.fifo_queue and message.deduplication_id and not message.approximate_receive_count:
        in_group = self.deduplication_scope == "messageGroup"
        key = (message.group_id if in_group else None, message.deduplication_id)
        sent = self.__dict__.setdefault("sent_lately", {})
        if message.sent_timestamp - sent.get(key, float("-inf")) < DEDUPLICATION_INTERVAL_MS:
            return
        sent[key] = message.sent_timestamp
        # By chance in moto; in AWS it grows.
        self.__dict__["sequence"] = self.__dict__.get("sequence", 18_850_000_000_000_000_000) + 256
        message.sequence_number = str(self.__dict__["sequence"])
    with self._messages_lock:
        self._messages.append(message)
        self._messages_lock.notify_all()


class HubIsOff(SecurityHubClientError):
    code = 401

    def __init__(self, hub):
        super().__init__("InvalidAccessException", f"Account {hub.account_id} is not subscribed to AWS Security Hub")


def import_as_the_hub_does(self, findings):
    if not self.enabled:
        raise HubIsOff(self)
    if len(findings) > 100:
        raise SecurityHubClientError("InvalidInputException", "at most 100 findings at once")
    own = f"arn:aws:securityhub:{self.region_name}:{self.account_id}:product/{self.account_id}/default"
    good, bad = [], []
    for finding in findings:
        if finding.get("AwsAccountId") == self.account_id and finding.get("ProductArn") == own:
            known = next((known.data for known in self.findings if known.id == finding["Id"]), {})
            readers = {key: known[key] for key in ("Note", "UserDefinedFields", "VerificationState", "Workflow") if key in known}
            good.append({"Workflow": {"Status": "NEW"}, **finding, **readers})
        else:
            text = "the finding is not of this account or its product"
            bad.append({"Id": finding.get("Id", ""), "ErrorCode": "InvalidInput", "ErrorMessage": text})
    failed, imported, failures = import_findings(self, good)
    return failed + len(bad), imported, failures + bad


def update_findings(self):
    hub, body = self.securityhub_backend, json.loads(self.body)
    if not hub.enabled:
        raise HubIsOff(hub)
    changes = {key: value for key, value in body.items() if key != "FindingIdentifiers"}
    done, undone = [], []
    for identifier in body["FindingIdentifiers"]:
        known = (known.data for known in hub.findings if known.id == identifier["Id"])
        finding = next((known for known in known if known["ProductArn"] == identifier["ProductArn"]), None)
        if finding is None:
            undone.append({"FindingIdentifier": identifier, "ErrorCode": "FindingNotFound", "ErrorMessage": "Finding Not Found"})
        else:
            finding.update(changes)
            done.append(identifier)
    return json.dumps({"ProcessedFindings": done, "UnprocessedFindings": undone})


@functools.cache
def ec2_as_the_guards_need_it():
    # With the first request, because few worlds need EC2 and importing it takes longer than all others together.
    with importing:
        change_ec2()


def change_ec2():
    from moto.ec2.exceptions import EC2ClientError
    from moto.ec2.models import ec2_backends
    from moto.ec2.models.managed_prefixes import ManagedPrefixListBackend
    from moto.ec2.models.security_groups import SecurityGroup, SecurityGroupBackend, SecurityGroupRule
    from moto.ec2.responses import EC2Response

    if getattr(SecurityGroupRule, "changed", False):
        return
    SecurityGroupRule.changed = True
    make, modify = SecurityGroupRule.__init__, SecurityGroupBackend.modify_security_group_rules

    def make_with_description(self, *args, **kwargs):
        make(self, *args, **kwargs)
        of_list = kwargs.get("prefix_list_id") or (args[7] if len(args) > 7 else None)
        self.list_description = (of_list or {}).get("Description")

    def description(self):
        return self.ip_range.get("Description") or self.source_group.get("Description") or self.list_description

    def modify_any_peer(self, group_id, rules):
        modify(self, group_id, rules)
        group = self.get_security_group_by_name_or_id(group_id)
        for rule_id, new in rules.items():
            rule = group.get_rule(rule_id)
            rule.from_port, rule.to_port = int(rule.from_port), int(rule.to_port)
            if new.get("CidrIpv6"):
                rule.ip_range["CidrIpv6"] = new["CidrIpv6"]
            if new.get("PrefixListId"):
                rule.prefix_list_id = new["PrefixListId"]
            if new.get("ReferencedGroupId"):
                rule.source_group["GroupId"] = new["ReferencedGroupId"]

    def refers(rules, lists):
        return any(rule.prefix_list_id in lists for rule in rules)

    def in_region(region):
        return [(account, regions[region]) for account, regions in list(ec2_backends.items()) if region in regions]

    def list_of_any_owner(self, prefix_list_id):
        for _, backend in in_region(self.region_name):
            if prefix_list_id in backend.managed_prefix_lists:
                return backend.managed_prefix_lists[prefix_list_id]
        raise EC2ClientError("InvalidPrefixListID.NotFound", f"The prefix list ID '{prefix_list_id}' does not exist")

    def associations(self):
        wanted = self._get_param("PrefixListId")
        if wanted not in self.ec2_backend.managed_prefix_lists:
            raise EC2ClientError("InvalidPrefixListID.NotFound", f"The prefix list ID '{wanted}' does not exist")
        found = [
            {"ResourceId": group.id, "ResourceOwner": account}
            for account, backend in in_region(self.region)
            for groups in list(backend.groups.values())
            for group in list(groups.values())
            if refers(group.ingress_rules + group.egress_rules, [wanted])
        ]
        return ActionResult({"PrefixListAssociations": found})

    def restore_version(self):
        restored = self.ec2_backend.get_managed_prefix_list_entries(self._get_param("PrefixListId"))
        entries = restored.entries.get(int(self._get_param("PreviousVersion")), [])
        restored.version += 1
        restored.entries[restored.version] = list(entries)
        restored.state = "restore-complete"
        return ActionResult({"PrefixList": restored})

    SecurityGroupRule.__init__ = make_with_description
    SecurityGroupRule.description = property(description)
    SecurityGroupBackend.modify_security_group_rules = modify_any_peer
    SecurityGroup.filter_ip_permission__prefix_list_id = lambda self, lists: refers(self.ingress_rules, lists)
    SecurityGroup.filter_egress__ip_permission__prefix_list_id = lambda self, lists: refers(self.egress_rules, lists)
    ManagedPrefixListBackend.get_managed_prefix_list_entries = list_of_any_owner
    EC2Response.get_managed_prefix_list_associations = associations
    EC2Response.restore_managed_prefix_list_version = restore_version


def is_about_tls(statement):
    asked = statement.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport")
    return statement.get("Effect") == "Deny" and str(asked).lower() == "false"


def permission_over_tls(self, action, resource):
    if self.policy is None:
        return bucket_permission(self, action, resource)
    policy = json.loads(self.policy)
    statements = policy.get("Statement", [])
    statements = [statements] if isinstance(statements, dict) else statements
    seen = copy.copy(self)
    seen.policy = json.dumps({**policy, "Statement": [one for one in statements if not is_about_tls(one)]}).encode()
    return bucket_permission(seen, action, resource)


def schedule_in_a_group_that_exists(self, *args, **kwargs):
    self.get_schedule_group(kwargs["group_name"])
    return schedule(self, *args, **kwargs)


def delivered_by_the_sandbox(self, *args, **kwargs):
    pass


def chosen_by_the_sandbox(by_chance):
    def chosen(*args):
        ids = getattr(received, "new_ids", None)
        return ids.pop(0) if ids else by_chance(*args)

    return chosen


def trusted_by_the_gateway(self, resource_arn):
    return False


def versioning_as_the_sdks_read_it(self):
    status, headers, body = versioning(self)
    return status, headers, body.replace("GetBucketVersioningResponse", "VersioningConfiguration")


def buckets_page_by_page(self):
    self.data["Action"] = "ListAllMyBuckets"
    self._authenticate_and_authorize_s3_action()
    region, token = self._get_param("bucket-region"), self._get_param("continuation-token") or ""
    found = self.backend.list_buckets(prefix=self._get_param("prefix"), bucket_region=region, max_buckets=None)
    left = sorted((bucket for bucket in found if bucket.name > token), key=lambda bucket: bucket.name)
    page = left[: int(self._get_param("max-buckets") or 10000)]
    answer = {
        "Owner": {"ID": "bcaf1ffd86f41161ca5fb16fd081034f", "DisplayName": "webfile"},
        "Buckets": [
            {"Name": bucket.name, "CreationDate": bucket.creation_date_ISO8601, "BucketRegion": bucket.region_name}
            for bucket in page
        ],
    }
    if len(left) > len(page):
        answer["ContinuationToken"] = page[-1].name
    self.data["Action"] = "ListBuckets"
    return self.serialized(ActionResult(answer))


dynamodb_models.DynamoDBBackend.transact_write_items = transact_with_its_items_in_mind
dynamodb_models.copy = CopyOfTouched()
FakeBucket.get_permission = permission_over_tls
SecurityHubBackend.batch_import_findings = import_as_the_hub_does
SecurityHubResponse.batch_update_findings = update_findings
securityhub.url_paths["{0}/findings/batchupdate$"] = SecurityHubResponse.dispatch
Queue.add_message = add_once
SQSBackend.receive_message = receive_one_at_a_time
for name in ("send_message", "send_message_batch", "delete_message", "change_message_visibility"):
    setattr(SQSBackend, name, one_at_a_time(getattr(SQSBackend, name)))
Rule.send_to_targets = delivered_by_the_sandbox
EventBridgeSchedulerBackend.create_schedule = schedule_in_a_group_that_exists
S3Response.all_buckets = buckets_page_by_page
S3Response.get_bucket_versioning = versioning_as_the_sdks_read_it
BaseXMLSerializer._serialized_result_to_response = answer_named_after_its_shape
for name in ("make_random_org_id", "make_random_root_id", "make_random_ou_id", "make_random_account_id"):
    setattr(organizations, name, chosen_by_the_sandbox(getattr(organizations, name)))
IAMRequestBase._is_assuming_role_operation = trusted_by_the_gateway
ActionAuthenticatorMixin._authenticate_and_authorize_action = authorize_unless_administrator
IAMRequestBase.check_action_permitted = permit_named_action
IAMRequestBase._create_aws_request = sign_received_bytes


class Handler(MotoRequestHandler):
    # Headers and body are two writes: with Nagle's algorithm the second one waits for a delayed acknowledgement.
    disable_nagle_algorithm = True
    protocol_version = "HTTP/1.1"

    def log_request(self, code="-", size="-"):
        pass


logging.getLogger("werkzeug").setLevel(logging.ERROR)
# Imported now rather than inside the first call that needs them.
for service in ("s3", "s3control", "sts", "iam", "dynamodb", "sns", "sqs"):
    get_backend(service)
    __import__(f"moto.{service}.responses")

server = make_server(
    "127.0.0.1", 0, keep_body(DomainDispatcherApplication(create_backend_app)), threaded=True, request_handler=Handler
)
server.daemon_threads = True
server.socket.listen(1024)
os.environ["MOTO_PORT"] = str(server.server_port)
print(json.dumps({"port": server.server_port}), flush=True)
server.serve_forever()
