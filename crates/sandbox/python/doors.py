"""App Runner, and CloudFront's web ACLs, as far as moto has neither (`standins.rs` lists it).

- App Runner: services that run at once, are paused, resumed and deleted, with tags. Nothing is built, and nothing answers.
- `AssociateDistributionWebACL` and `DisassociateDistributionWebACL`, of the version that `If-Match` names.
"""

import re
import sys
import types
import uuid

from moto.backend_index import backend_url_patterns
from moto.cloudfront import models as cloudfront, urls
from moto.cloudfront.responses import CloudFrontResponse
from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse
from moto.core.utils import utcnow
from moto.wafv2.models import GLOBAL_REGION, wafv2_backends


class NotFound(ServiceException):
    code = "ResourceNotFoundException"


class AppRunnerBackend(BaseBackend):
    def __init__(self, region_name, account_id):
        super().__init__(region_name, account_id)
        self.services = {}
        self.tags = {}


AppRunnerBackend.__module__ = "moto.apprunner.models"
apprunner_backends = BackendDict(AppRunnerBackend, "apprunner")
ASKED = ("SourceConfiguration", "InstanceConfiguration", "NetworkConfiguration")


class AppRunnerResponse(BaseResponse):
    def __init__(self):
        super().__init__(service_name="apprunner")
        self.automated_parameter_parsing = True

    @property
    def here(self):
        return apprunner_backends[self.current_account][self.region]

    def named(self):
        service = self.here.services.get(self._get_param("ServiceArn"))
        if service is None:
            raise NotFound("Service with the provided arn does not exist")
        return service

    def answer(self, service):
        service["UpdatedAt"] = utcnow()
        return ActionResult({"Service": service, "OperationId": str(uuid.uuid4())})

    def take(self, service):
        for part in ASKED:
            asked = self._get_param(part)
            if asked is not None:
                service[part] = {**service.get(part, {}), **asked}

    def create_service(self):
        name, id = self._get_param("ServiceName"), uuid.uuid4().hex
        arn = f"arn:aws:apprunner:{self.region}:{self.current_account}:service/{name}/{id}"
        service = {
            "ServiceName": name,
            "ServiceId": id,
            "ServiceArn": arn,
            "ServiceUrl": f"{id[:10]}.{self.region}.awsapprunner.com",
            "Status": "RUNNING",
            "CreatedAt": utcnow(),
            "InstanceConfiguration": {"Cpu": "1024", "Memory": "2048"},
            "NetworkConfiguration": {"IngressConfiguration": {"IsPubliclyAccessible": True}},
            "AutoScalingConfigurationSummary": {"AutoScalingConfigurationName": "DefaultConfiguration"},
        }
        self.take(service)
        self.here.services[arn] = service
        self.here.tags[arn] = self._get_param("Tags") or []
        return self.answer(service)

    def update_service(self):
        service = self.named()
        self.take(service)
        return self.answer(service)

    def to(self, status):
        service = self.named()
        service["Status"] = status
        return self.answer(service)

    def pause_service(self):
        return self.to("PAUSED")

    def resume_service(self):
        return self.to("RUNNING")

    # It can be described for a while.
    def delete_service(self):
        return self.to("DELETED")

    def describe_service(self):
        return ActionResult({"Service": self.named()})

    def list_services(self):
        there = [service for service in self.here.services.values() if service["Status"] != "DELETED"]
        return ActionResult({"ServiceSummaryList": there})

    def list_tags_for_resource(self):
        return ActionResult({"Tags": self.here.tags.get(self._get_param("ResourceArn"), [])})


# moto finds a service by its address, and its backends and paths by these modules.
ADDRESS = r"https?://apprunner\.(.+)\.amazonaws\.com"
backend_url_patterns.append(("apprunner", re.compile(ADDRESS)))
for name, held in (
    ("moto.apprunner", {"apprunner_backends": apprunner_backends}),
    ("moto.apprunner.models", {"AppRunnerBackend": AppRunnerBackend}),
    (
        "moto.apprunner.urls",
        {"url_bases": [ADDRESS], "url_paths": {"{0}/$": AppRunnerResponse.dispatch}},
    ),
):
    module = types.ModuleType(name)
    vars(module).update(held)
    sys.modules[name] = module


class Changed(ServiceException):
    code = "PreconditionFailed"


def set_web_acl(self, acl):
    found = self.backend.distributions.get(self._get_param("Id"))
    if found is None:
        raise cloudfront.NoSuchDistribution
    if self._get_param("IfMatch") not in (None, found.etag):
        raise Changed("The request failed because it didn't meet the preconditions in one or more request-header fields.")
    found.distribution_config.WebACLId, found.etag = acl, cloudfront.random_id()
    return ActionResult({"Id": found.id, "WebACLArn": acl or None, "ETag": found.etag})


def associate_distribution_web_acl(self):
    acl = self._get_param("WebACLArn")
    if acl not in wafv2_backends[self.current_account][GLOBAL_REGION].wacls:
        raise cloudfront.EntityNotFound()
    return set_web_acl(self, acl)


def disassociate_distribution_web_acl(self):
    return set_web_acl(self, "")


CloudFrontResponse.associate_distribution_web_acl = associate_distribution_web_acl
CloudFrontResponse.disassociate_distribution_web_acl = disassociate_distribution_web_acl
for path in ("associate", "disassociate"):
    of = "{0}/2020-05-31/distribution/(?P<distribution_id>[^/]+)/" + path + "-web-acl$"
    urls.url_paths[of] = CloudFrontResponse.dispatch
