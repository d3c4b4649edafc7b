//! Intrinsic functions, with the sandbox's values for everything CloudFormation would know only after deploying.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Template;

/// The name every physical name begins with.
pub(crate) const STACK: &str = "rectify";
const DEEPEST: usize = 60;

/// Resolves values of one template.
#[derive(Debug)]
pub(crate) struct Resolver<'a> {
    template: &'a Template,
    pub(crate) account: &'a str,
    pub(crate) region: &'a str,
    /// The gateway's address: queues' URLs begin with it.
    pub(crate) endpoint: &'a str,
    /// The stack's name.
    stack: &'a str,
    overrides: BTreeMap<String, String>,
}

impl<'a> Resolver<'a> {
    pub(crate) fn new(
        template: &'a Template,
        account: &'a str,
        region: &'a str,
        endpoint: &'a str,
        overrides: BTreeMap<String, String>,
    ) -> Self {
        Self { template, account, region, endpoint, stack: STACK, overrides }
    }

    /// Resolves the values of a stack of this name.
    pub(crate) fn stack(mut self, name: &'a str) -> Self {
        self.stack = name;
        self
    }

    /// `value` without intrinsics; fields that become `AWS::NoValue` are gone.
    pub(crate) fn resolve(&self, value: &Value) -> Result<Value, String> {
        Ok(self.at(value, 0)?.unwrap_or(Value::Null))
    }

    /// A property as text.
    pub(crate) fn text(&self, value: Option<&Value>) -> Result<Option<String>, String> {
        let Some(value) = value else { return Ok(None) };
        Ok(match self.resolve(value)? {
            Value::String(text) => Some(text),
            Value::Null => None,
            Value::Object(_) | Value::Array(_) => return Err("a text is expected".to_owned()),
            scalar => Some(scalar.to_string()),
        })
    }

    /// Whether a condition of the template holds.
    pub(crate) fn condition(&self, name: &str) -> Result<bool, String> {
        self.condition_at(name, 0)
    }

    /// The function an ARN is of.
    pub(crate) fn function_of(&self, arn: &str) -> Option<String> {
        self.template.section("Resources").iter().find_map(|(logical_id, resource)| {
            let kind = resource.get("Type")?.as_str()?;
            let is_function = matches!(kind, "AWS::Serverless::Function" | "AWS::Lambda::Function");
            (is_function && self.attribute(logical_id, "Arn").is_ok_and(|known| known == arn))
                .then(|| logical_id.clone())
        })
    }

    /// The name a resource has in the sandbox: as the template says, else made of the stack's name and the logical id.
    pub(crate) fn physical(&self, logical_id: &str) -> Result<String, String> {
        let resource = self.template.section("Resources").get(logical_id);
        let Some(resource) = resource else {
            // SAM makes a role called `<function>Role` for a function without one.
            return match logical_id.strip_suffix("Role") {
                Some(function) if self.template.section("Resources").contains_key(function) => {
                    Ok(format!("{}-{function}", self.stack))
                }
                _ => Err(format!("there is no resource or parameter `{logical_id}`")),
            };
        };
        let property = match kind_of(resource) {
            "AWS::DynamoDB::Table" => "TableName",
            "AWS::SNS::Topic" => "TopicName",
            "AWS::SQS::Queue" => "QueueName",
            "AWS::S3::Bucket" => "BucketName",
            "AWS::IAM::Role" => "RoleName",
            "AWS::Serverless::Function" | "AWS::Lambda::Function" => "FunctionName",
            "AWS::Logs::LogGroup" => "LogGroupName",
            "AWS::Serverless::LayerVersion" | "AWS::Lambda::LayerVersion" => "LayerName",
            _ => "Name",
        };
        let named = resource.get("Properties").and_then(|properties| properties.get(property));
        let fifo = kind_of(resource) == "AWS::SQS::Queue"
            && resource.pointer("/Properties/FifoQueue").is_some_and(|fifo| fifo == &Value::from(true));
        let default = || {
            let name = format!("{}-{logical_id}{}", self.stack, if fifo { ".fifo" } else { "" });
            // As CloudFormation makes them: a bucket's name has no capitals.
            if kind_of(resource) == "AWS::S3::Bucket" { name.to_lowercase() } else { name }
        };
        Ok(self.text(named)?.unwrap_or_else(default))
    }

    /// What `Fn::GetAtt` gives.
    pub(crate) fn attribute(&self, logical_id: &str, attribute: &str) -> Result<String, String> {
        let name = self.physical(logical_id)?;
        let (region, account) = (self.region, self.account);
        let kind = self.template.section("Resources").get(logical_id).map_or("AWS::IAM::Role", kind_of);
        let arn = match kind {
            "AWS::DynamoDB::Table" => format!("arn:aws:dynamodb:{region}:{account}:table/{name}"),
            "AWS::SNS::Topic" => format!("arn:aws:sns:{region}:{account}:{name}"),
            "AWS::SQS::Queue" => format!("arn:aws:sqs:{region}:{account}:{name}"),
            "AWS::S3::Bucket" => format!("arn:aws:s3:::{name}"),
            "AWS::IAM::Role" => format!("arn:aws:iam::{account}:role{}{name}", self.role_path(logical_id)?),
            "AWS::Serverless::Function" | "AWS::Lambda::Function" => {
                format!("arn:aws:lambda:{region}:{account}:function:{name}")
            }
            "AWS::Events::EventBus" => format!("arn:aws:events:{region}:{account}:event-bus/{name}"),
            "AWS::Events::Rule" => format!("arn:aws:events:{region}:{account}:rule/{name}"),
            "AWS::Scheduler::ScheduleGroup" => format!("arn:aws:scheduler:{region}:{account}:schedule-group/{name}"),
            "AWS::Logs::LogGroup" => format!("arn:aws:logs:{region}:{account}:log-group:{name}:*"),
            "AWS::Serverless::LayerVersion" | "AWS::Lambda::LayerVersion" => {
                format!("arn:aws:lambda:{region}:{account}:layer:{name}:1")
            }
            other => {
                let service = other.split("::").nth(1).unwrap_or_default().to_lowercase();
                format!("arn:aws:{service}:{region}:{account}:{name}")
            }
        };
        Ok(match attribute {
            "Arn" | "TopicArn" => arn,
            "QueueUrl" => self.queue_url(&name),
            "StreamArn" => format!("{arn}/stream/2026-01-01T00:00:00.000"),
            // `TopicName`, `QueueName`, `Name`, `RoleId`: a name is as good as any.
            _ => name,
        })
    }

    /// The path a role's ARN contains, `/` unless the template says otherwise.
    pub(crate) fn role_path(&self, logical_id: &str) -> Result<String, String> {
        let role = self.template.section("Resources").get(logical_id);
        let path = self.text(role.and_then(|role| role.pointer("/Properties/Path")))?;
        Ok(path.unwrap_or_else(|| "/".to_owned()))
    }

    pub(crate) fn queue_url(&self, name: &str) -> String {
        format!("{}/{}/{name}", self.endpoint, self.account)
    }

    fn reference(&self, name: &str) -> Result<Option<Value>, String> {
        let text = match name {
            "AWS::AccountId" => self.account.to_owned(),
            "AWS::Region" => self.region.to_owned(),
            "AWS::Partition" => "aws".to_owned(),
            "AWS::URLSuffix" => "amazonaws.com".to_owned(),
            "AWS::StackName" => self.stack.to_owned(),
            "AWS::StackId" => {
                format!("arn:aws:cloudformation:{}:{}:stack/{}/sandbox", self.region, self.account, self.stack)
            }
            "AWS::NotificationARNs" => return Ok(Some(Value::Array(Vec::new()))),
            "AWS::NoValue" => return Ok(None),
            _ => {
                if let Some(parameter) = self.template.section("Parameters").get(name) {
                    return Ok(Some(self.parameter(name, parameter)));
                }
                let kind = self.template.section("Resources").get(name).map_or("", kind_of);
                match kind {
                    "AWS::SNS::Topic" | "AWS::Serverless::LayerVersion" | "AWS::Lambda::LayerVersion" => {
                        self.attribute(name, "Arn")?
                    }
                    "AWS::SQS::Queue" => self.queue_url(&self.physical(name)?),
                    _ => self.physical(name)?,
                }
            }
        };
        Ok(Some(Value::from(text)))
    }

    fn parameter(&self, name: &str, parameter: &Value) -> Value {
        let is_list = parameter
            .get("Type")
            .and_then(Value::as_str)
            .is_some_and(|kind| kind == "CommaDelimitedList" || kind.starts_with("List<"));
        let value = match self.overrides.get(name) {
            Some(value) => Value::from(value.clone()),
            None => parameter.get("Default").cloned().unwrap_or_else(|| Value::from("")),
        };
        match value {
            Value::String(text) if is_list => {
                text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(Value::from).collect()
            }
            Value::Number(number) => Value::from(number.to_string()),
            other => other,
        }
    }

    fn at(&self, value: &Value, depth: usize) -> Result<Option<Value>, String> {
        if depth > DEEPEST {
            return Err("intrinsic functions refer to themselves".to_owned());
        }
        match value {
            Value::Object(fields) => {
                let mut entries = fields.iter();
                if let (Some((key, argument)), None) = (entries.next(), entries.next())
                    && (key == "Ref" || key == "Condition" || key.starts_with("Fn::"))
                    // `Condition` is also a statement's part and a resource's; a condition's name is a plain text.
                    && (key != "Condition" || argument.is_string())
                {
                    return self.intrinsic(key, argument, depth + 1);
                }
                let mut resolved = Map::new();
                for (key, value) in fields {
                    if let Some(value) = self.at(value, depth + 1)? {
                        resolved.insert(key.clone(), value);
                    }
                }
                Ok(Some(Value::Object(resolved)))
            }
            Value::Array(items) => {
                let mut resolved = Vec::new();
                for item in items {
                    resolved.extend(self.at(item, depth + 1)?);
                }
                Ok(Some(Value::Array(resolved)))
            }
            other => Ok(Some(other.clone())),
        }
    }

    fn intrinsic(&self, name: &str, argument: &Value, depth: usize) -> Result<Option<Value>, String> {
        let arguments = || argument.as_array().map(Vec::as_slice).ok_or_else(|| format!("`{name}` takes a list"));
        let text = |value: &Value| match self.at(value, depth)? {
            Some(Value::String(text)) => Ok(text),
            Some(Value::Null | Value::Array(_) | Value::Object(_)) | None => Err(format!("`{name}` takes a text")),
            Some(scalar) => Ok(scalar.to_string()),
        };
        match (name, argument) {
            ("Ref", Value::String(target)) => self.reference(target),
            ("Condition", Value::String(condition)) => Ok(Some(Value::from(self.condition_at(condition, depth)?))),
            ("Fn::GetAtt", Value::String(path)) => {
                let (resource, attribute) = path.split_once('.').unwrap_or((path, ""));
                Ok(Some(Value::from(self.attribute(resource, attribute)?)))
            }
            ("Fn::GetAtt", Value::Array(parts)) => match parts.as_slice() {
                [Value::String(resource), Value::String(attribute)] => {
                    Ok(Some(Value::from(self.attribute(resource, attribute)?)))
                }
                _ => Err("`Fn::GetAtt` takes a resource and an attribute".to_owned()),
            },
            ("Fn::Sub", Value::String(pattern)) => Ok(Some(Value::from(self.substitute(pattern, None, depth)?))),
            ("Fn::Sub", Value::Array(parts)) => match parts.as_slice() {
                [Value::String(pattern), Value::Object(extra)] => {
                    Ok(Some(Value::from(self.substitute(pattern, Some(extra), depth)?)))
                }
                _ => Err("`Fn::Sub` takes a text and values".to_owned()),
            },
            ("Fn::Join", _) => match arguments()? {
                [Value::String(separator), list] => {
                    let Some(Value::Array(items)) = self.at(list, depth)? else {
                        return Err("`Fn::Join` takes a list".to_owned());
                    };
                    let parts: Result<Vec<String>, String> = items.iter().map(text).collect();
                    Ok(Some(Value::from(parts?.join(separator))))
                }
                _ => Err("`Fn::Join` takes a separator and a list".to_owned()),
            },
            ("Fn::If", _) => match arguments()? {
                [Value::String(condition), yes, no] => {
                    self.at(if self.condition_at(condition, depth)? { yes } else { no }, depth)
                }
                _ => Err("`Fn::If` takes a condition and two values".to_owned()),
            },
            ("Fn::Select", _) => match arguments()? {
                [index, list] => {
                    let index: usize = text(index)?.parse().map_err(|_| "`Fn::Select` takes a number".to_owned())?;
                    Ok(self.at(list, depth)?.and_then(|list| list.get(index).cloned()))
                }
                _ => Err("`Fn::Select` takes a number and a list".to_owned()),
            },
            ("Fn::Split", _) => match arguments()? {
                [Value::String(separator), value] => {
                    Ok(Some(text(value)?.split(separator.as_str()).map(Value::from).collect()))
                }
                _ => Err("`Fn::Split` takes a separator and a text".to_owned()),
            },
            ("Fn::FindInMap", _) => match arguments()? {
                [map, top, second, ..] => {
                    let (map, top, second) = (text(map)?, text(top)?, text(second)?);
                    let found = self.template.section("Mappings").get(&map).and_then(|map| map.get(&top)?.get(&second));
                    found.cloned().map(Some).ok_or_else(|| format!("no `{map}.{top}.{second}` in Mappings"))
                }
                _ => Err("`Fn::FindInMap` takes a map and two keys".to_owned()),
            },
            ("Fn::Equals" | "Fn::Not" | "Fn::And" | "Fn::Or", _) => {
                Ok(Some(Value::from(self.logic(name, arguments()?, depth)?)))
            }
            _ => Err(format!("the sandbox does not know `{name}`")),
        }
    }

    fn condition_at(&self, name: &str, depth: usize) -> Result<bool, String> {
        let condition =
            self.template.section("Conditions").get(name).ok_or_else(|| format!("there is no condition `{name}`"))?;
        match self.at(condition, depth + 1)? {
            Some(Value::Bool(holds)) => Ok(holds),
            _ => Err(format!("condition `{name}` is neither true nor false")),
        }
    }

    fn logic(&self, name: &str, arguments: &[Value], depth: usize) -> Result<bool, String> {
        let mut values = Vec::new();
        for argument in arguments {
            values.push(self.at(argument, depth)?.unwrap_or(Value::Null));
        }
        Ok(match name {
            // CloudFormation compares texts: a parameter of type Number is one.
            "Fn::Equals" => matches!(values.as_slice(), [left, right] if plain(left) == plain(right)),
            "Fn::Not" => values.first() == Some(&Value::Bool(false)),
            "Fn::And" => values.iter().all(|value| value == &Value::Bool(true)),
            _ => values.iter().any(|value| value == &Value::Bool(true)),
        })
    }

    fn substitute(&self, pattern: &str, extra: Option<&Map<String, Value>>, depth: usize) -> Result<String, String> {
        let mut out = String::new();
        let mut rest = pattern;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, tail) = after.split_once('}').ok_or_else(|| format!("`{pattern}` has an open `${{`"))?;
            out.push_str(before);
            rest = tail;
            if let Some(literal) = name.strip_prefix('!') {
                out.push_str(&format!("${{{literal}}}"));
                continue;
            }
            let value = match (extra.and_then(|extra| extra.get(name)), name.split_once('.')) {
                (Some(value), _) => self.at(value, depth)?,
                (None, Some((resource, attribute))) => Some(Value::from(self.attribute(resource, attribute)?)),
                (None, None) => self.reference(name)?,
            };
            match value {
                Some(Value::String(text)) => out.push_str(&text),
                Some(other) => out.push_str(&other.to_string()),
                None => {}
            }
        }
        out.push_str(rest);
        Ok(out)
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn kind_of(resource: &Value) -> &str {
    resource.get("Type").and_then(Value::as_str).unwrap_or_default()
}
