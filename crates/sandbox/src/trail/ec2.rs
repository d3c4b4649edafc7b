//! `requestParameters` of EC2, which has its own shapes: `{name}Set.items[]` for the classic operations, and a
//! `<Operation>Request` wrapper with capital letters for the newer ones (both as seen in recorded events).

use serde_json::{Map, Value};

use crate::model::{Service, Shape};
use crate::trail::shape::lower_first;

/// Operations whose records have the wrapper. Recorded: the first block; by the same pattern, without a record: the rest.
const WRAPPED: [&str; 25] = [
    "CreateFlowLogs",
    "CreateNatGateway",
    "DeleteFlowLogs",
    "DeleteNatGateway",
    "DescribeFlowLogs",
    "DescribeNatGateways",
    "DescribeVpcEndpoints",
    "EnableSerialConsoleAccess",
    "GetEbsEncryptionByDefault",
    "ReplaceIamInstanceProfileAssociation",
    "CreateVpcBlockPublicAccessExclusion",
    "CreateVpcEndpoint",
    "DeleteVpcEndpoints",
    "DisableEbsEncryptionByDefault",
    "DisableImageBlockPublicAccess",
    "DisableSerialConsoleAccess",
    "DisableSnapshotBlockPublicAccess",
    "EnableEbsEncryptionByDefault",
    "EnableImageBlockPublicAccess",
    "EnableSnapshotBlockPublicAccess",
    "ModifyInstanceMetadataOptions",
    "ModifyManagedPrefixList",
    "ModifySecurityGroupRules",
    "ModifyVpcBlockPublicAccessOptions",
    "RestoreManagedPrefixListVersion",
];

/// Turns API-named parameters into what the record shows.
pub(crate) fn parameters(service: &Service, operation: &str, shape: &Shape, api: &Value) -> Map<String, Value> {
    let Value::Object(fields) = api else { return Map::new() };
    if WRAPPED.contains(&operation) {
        let body = fields.iter().map(|(name, value)| (singular(name), wrapped(value))).collect();
        return Map::from_iter([(format!("{operation}Request"), Value::Object(body))]);
    }
    let mut shown = structure(service, shape, fields, 0);
    match operation {
        "RunInstances" => {
            let mut instance = Map::new();
            for key in ["imageId", "minCount", "maxCount", "keyName"] {
                if let Some(value) = shown.remove(key) {
                    instance.insert(key.to_owned(), value);
                }
            }
            shown.insert("instancesSet".to_owned(), items(vec![Value::Object(instance)]));
        }
        "ModifySnapshotAttribute" => {
            permission(&mut shown, fields, "createVolumePermission", "CREATE_VOLUME_PERMISSION")
        }
        "ModifyImageAttribute" => permission(&mut shown, fields, "launchPermission", "launchPermission"),
        _ => {}
    }
    shown
}

/// The flat form of a permission change (`OperationType`, `UserIds`, `GroupNames`) is recorded like the nested one.
fn permission(shown: &mut Map<String, Value>, fields: &Map<String, Value>, key: &str, attribute: &str) {
    let mut entries = Vec::new();
    for (from, name) in [("UserIds", "userId"), ("GroupNames", "group"), ("UserGroups", "group")] {
        if let Some(Value::Array(values)) = fields.get(from) {
            entries
                .extend(values.iter().map(|value| Value::Object(Map::from_iter([(name.to_owned(), value.clone())]))));
        }
    }
    if let (false, Some(Value::String(operation))) = (entries.is_empty(), fields.get("OperationType")) {
        let change = Map::from_iter([(operation.clone(), items(entries))]);
        shown.insert(key.to_owned(), Value::Object(change));
    }
    if shown.contains_key(key) {
        shown.insert("attributeType".to_owned(), Value::from(attribute));
    }
    for flat in ["operationType", "attribute"] {
        shown.remove(flat);
    }
    shown.retain(|name, _| !matches!(name.as_str(), "userIdSet" | "groupNameSet" | "userGroupSet" | "groupSet"));
}

fn structure(service: &Service, shape: &Shape, fields: &Map<String, Value>, depth: usize) -> Map<String, Value> {
    let mut shown = Map::new();
    if depth > 40 {
        return shown;
    }
    for (name, member) in &shape.members {
        let Some(of) = service.shape(member) else { continue };
        let wire = member.location_name.as_deref().unwrap_or(name);
        if of.kind == "list" {
            let item = of.member.as_ref().and_then(|item| service.shape(item));
            let scalar = item.is_none_or(|item| item.kind != "structure");
            let Some(Value::Array(values)) = fields.get(name) else {
                // Inside a structure an absent list is recorded as an empty one.
                if depth > 0 && !scalar {
                    shown.insert(lower_first(wire), Value::Object(Map::new()));
                }
                continue;
            };
            let one = scalar_name(name, wire);
            let entries = values.iter().map(|value| match (item, value) {
                (Some(item), Value::Object(fields)) => Value::Object(structure(service, item, fields, depth + 1)),
                _ => Value::Object(Map::from_iter([(one.clone(), value.clone())])),
            });
            let entries: Vec<Value> = entries.collect();
            let key = set_name(name, wire, scalar, depth);
            // The tags of a tag specification are recorded as a plain array.
            let value = if depth > 0 && name == "Tags" { Value::Array(entries) } else { items(entries) };
            shown.insert(key, value);
        } else if let Some(value) = fields.get(name) {
            let value = match value {
                Value::Object(fields) => Value::Object(structure(service, of, fields, depth + 1)),
                other => other.clone(),
            };
            shown.insert(lower_first(wire), value);
        }
    }
    shown
}

/// `InstanceIds` on the wire `InstanceId`: each entry is `{"instanceId": …}`.
fn scalar_name(name: &str, wire: &str) -> String {
    match name {
        "Resources" => "resourceId".to_owned(),
        _ if wire == name => lower_first(name.strip_suffix('s').unwrap_or(name)),
        _ => lower_first(wire),
    }
}

fn set_name(name: &str, wire: &str, scalar: bool, depth: usize) -> String {
    match name {
        "InstanceIds" => "instancesSet".to_owned(),
        "Resources" => "resourcesSet".to_owned(),
        "NetworkInterfaces" => "networkInterfaceSet".to_owned(),
        "SecurityGroupIds" | "Groups" if depth == 0 || scalar => "groupSet".to_owned(),
        "BlockDeviceMappings" => "blockDeviceMapping".to_owned(),
        "Tags" if depth == 0 => "tagSet".to_owned(),
        "Tags" => "tags".to_owned(),
        _ if depth > 0 => lower_first(wire),
        _ if scalar || wire != name => format!("{}Set", lower_first(wire.strip_suffix("Ids").unwrap_or(wire))),
        _ => lower_first(name),
    }
}

fn items(entries: Vec<Value>) -> Value {
    Value::Object(Map::from_iter([("items".to_owned(), Value::Array(entries))]))
}

fn singular(name: &str) -> String {
    if let Some(entry) = name.strip_suffix("Entries") {
        return format!("{entry}Entry");
    }
    match name.strip_suffix('s') {
        Some(one) if name.ends_with("Ids") || name.ends_with("Tags") || name.ends_with("Rules") => one.to_owned(),
        _ => name.to_owned(),
    }
}

/// The wrapper's lists keep the marks of the XML they were: a running `tag`, a scalar as `content`, one entry alone.
fn wrapped(value: &Value) -> Value {
    match value {
        Value::Array(values) => {
            let mut entries: Vec<Value> = values
                .iter()
                .enumerate()
                .map(|(at, value)| {
                    let mut entry = match wrapped(value) {
                        Value::Object(fields) => fields,
                        scalar => Map::from_iter([("content".to_owned(), scalar)]),
                    };
                    entry.insert("tag".to_owned(), Value::from(at + 1));
                    Value::Object(entry)
                })
                .collect();
            if entries.len() == 1 { entries.remove(0) } else { Value::Array(entries) }
        }
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (singular(name), wrapped(value))).collect::<Map<_, _>>().into()
        }
        other => other.clone(),
    }
}
