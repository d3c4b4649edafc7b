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
- moto checks a signature over the form it parsed, not over the bytes that came, so a form with anything but plain letters in
  it never matches, and in place of an empty body it takes the parameters of the address; the bytes are kept for the check.
"""

import contextlib
import copy
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
from moto.s3.responses import S3Response  # noqa: E402
from moto.scheduler.models import EventBridgeSchedulerBackend  # noqa: E402
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
receive = SQSBackend.receive_message
received = threading.local()
dynamodb = threading.Lock()
queues = threading.RLock()
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
    for action in (self._headers.get("x-rectify-action") or self._action).split(","):
        self._action = action
        permit(self, resource)


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
