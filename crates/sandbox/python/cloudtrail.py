"""CloudTrail as far as moto has none of it, or has it otherwise (`standins.rs` lists it).

- Names and ARNs mean the same in every call; a trail that is there is not made again, and one that is not there cannot be deleted.
- Basic and advanced selectors replace each other, a trail without any logs all management events, Insights are replaced.
- Members see the organisation's trail and its status, and may not read its selectors.
- Event data stores: made, found, stopped, started, changed, deleted (which leaves them pending) and restored. Nothing can be asked of them.
"""

import json
import uuid

from moto.core.exceptions import JsonRESTError
from moto.cloudtrail.models import CloudTrailBackend, Trail, cloudtrail_backends
from moto.cloudtrail.responses import CloudTrailResponse

plain = {name: getattr(CloudTrailBackend, name) for name in (
    "create_trail", "start_logging", "stop_logging", "describe_trails", "get_trail_status",
)}
stores = {}

# What a store takes in whose maker says nothing (CloudTrail API reference, `CreateEventDataStore`).
ALL_MANAGEMENT_EVENTS = [
    {"Name": "Default management events", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}
]
ALL_MANAGEMENT = [
    {"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": [], "ExcludeManagementEventSources": []}
]


def bare(name):
    return name.rsplit(":trail/", 1)[-1]


def create_trail(self, name, *args, **kwargs):
    if name in self.trails:
        raise JsonRESTError("TrailAlreadyExistsException", f"Trail {name} already exists")
    return plain["create_trail"](self, name, *args, **kwargs)


def delete_trail(self, name):
    self.get_trail(name)
    del self.trails[bare(name)]


def of_a_trail_that_is_there(method):
    def called(self, name):
        self.get_trail(name)
        return plain[method](self, bare(name))

    return called


def of_the_organization(account):
    """Trails of other accounts that are the organisation's."""
    for owner, backends in list(cloudtrail_backends.items()):
        for backend in backends.values() if owner != account else ():
            yield from (trail for trail in backend.trails.values() if trail.is_org_trail)


def describe_trails(self, include_shadow_trails):
    seen = list(plain["describe_trails"](self, include_shadow_trails))
    if include_shadow_trails:
        theirs = of_the_organization(self.account_id)
        seen += [trail for trail in theirs if trail.is_multi_region or trail.region_name == self.region_name]
    return seen


def list_trails(self):
    return [trail for backend in cloudtrail_backends[self.account_id].values() for trail in backend.trails.values()]


def get_trail_status(self, name):
    for trail in of_the_organization(self.account_id):
        if trail.arn == name:
            return trail.status
    return plain["get_trail_status"](self, name)


def put_event_selectors(self, event_selectors, advanced_event_selectors):
    self.event_selectors = event_selectors or []
    self.advanced_event_selectors = [] if event_selectors else advanced_event_selectors or []


def get_event_selectors(self):
    if self.event_selectors or self.advanced_event_selectors:
        return self.event_selectors, self.advanced_event_selectors
    return ALL_MANAGEMENT, []


def put_insight_selectors(self, insight_selectors):
    self.insight_selectors = insight_selectors


def store_of(self, arn_or_id):
    arn = arn_or_id
    if not arn.startswith("arn:"):
        arn = f"arn:aws:cloudtrail:{self.region}:{self.current_account}:eventdatastore/{arn_or_id}"
    if arn not in stores:
        raise JsonRESTError("EventDataStoreNotFoundException", f"{arn_or_id} does not exist")
    return stores[arn]


def create_event_data_store(self):
    arn = f"arn:aws:cloudtrail:{self.region}:{self.current_account}:eventdatastore/{uuid.uuid4()}"
    stores[arn] = {
        "EventDataStoreArn": arn,
        "Name": self._get_param("Name"),
        "Status": "ENABLED",
        "MultiRegionEnabled": self._get_bool_param("MultiRegionEnabled", True),
        "OrganizationEnabled": self._get_bool_param("OrganizationEnabled", False),
        "TerminationProtectionEnabled": self._get_bool_param("TerminationProtectionEnabled", True),
        "RetentionPeriod": self._get_param("RetentionPeriod", 366),
        "AdvancedEventSelectors": self._get_param("AdvancedEventSelectors") or ALL_MANAGEMENT_EVENTS,
    }
    return json.dumps(stores[arn])


def get_event_data_store(self):
    return json.dumps(store_of(self, self._get_param("EventDataStore")))


def list_event_data_stores(self):
    place = f":{self.region}:{self.current_account}:"
    return json.dumps({"EventDataStores": [store for arn, store in stores.items() if place in arn]})


def becomes(status):
    def changed(self):
        store = store_of(self, self._get_param("EventDataStore"))
        if status == "PENDING_DELETION" and store["TerminationProtectionEnabled"]:
            raise JsonRESTError("EventDataStoreTerminationProtectedException", "The event data store is protected")
        store["Status"] = status
        return json.dumps(store if status in ("ENABLED",) else {})

    return changed


def update_event_data_store(self):
    store = store_of(self, self._get_param("EventDataStore"))
    if store["Status"] != "ENABLED":
        raise JsonRESTError("InactiveEventDataStoreException", "The event data store is inactive")
    for flag in ("MultiRegionEnabled", "OrganizationEnabled", "TerminationProtectionEnabled"):
        store[flag] = self._get_bool_param(flag, store[flag])
    for setting in ("RetentionPeriod", "AdvancedEventSelectors"):
        store[setting] = self._get_param(setting) or store[setting]
    return json.dumps(store)


for stand_in in (create_trail, delete_trail, describe_trails, list_trails, get_trail_status):
    setattr(CloudTrailBackend, stand_in.__name__, stand_in)
for name in ("start_logging", "stop_logging"):
    setattr(CloudTrailBackend, name, of_a_trail_that_is_there(name))
for stand_in in (put_event_selectors, get_event_selectors, put_insight_selectors):
    setattr(Trail, stand_in.__name__, stand_in)
for stand_in in (create_event_data_store, get_event_data_store, list_event_data_stores, update_event_data_store):
    setattr(CloudTrailResponse, stand_in.__name__, stand_in)
CloudTrailResponse.delete_event_data_store = becomes("PENDING_DELETION")
CloudTrailResponse.restore_event_data_store = becomes("ENABLED")
CloudTrailResponse.start_event_data_store_ingestion = becomes("ENABLED")
CloudTrailResponse.stop_event_data_store_ingestion = becomes("STOPPED_INGESTION")
