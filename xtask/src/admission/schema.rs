//! The keywords of JSON Schema that `istio/plugin-config.schema.json` uses.
//! Reading fails on any other keyword, so that the policy never leaves out a rule.

use indexmap::IndexMap;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// A JSON Schema: the rules for one value.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Schema {
    #[serde(rename = "type")]
    pub kind: Kind,
    pub description: String,
    /// Allowed values in words. Editors show them too.
    pub error_message: Option<String>,
    /// Allowed values, or fields of which exactly one must be given.
    pub one_of: Option<OneOf>,

    pub minimum: Option<i64>,
    pub maximum: Option<i64>,

    pub min_length: Option<u64>,
    pub max_length: Option<u64>,
    pub pattern: Option<String>,
    pub not: Patterns,
    pub format: Option<Format>,

    pub items: Option<Box<Schema>>,
    pub min_items: Option<u64>,
    pub max_items: Option<u64>,
    #[serde(rename = "if")]
    pub condition: Option<Contains>,
    pub then: Option<Length>,

    /// In the order of the schema, which is that of the policy.
    pub properties: IndexMap<String, Schema>,
    pub required: Vec<String>,
    pub dependent_required: IndexMap<String, Vec<String>>,
    pub additional_properties: Option<Additional>,
    pub property_names: Option<Box<Schema>>,
    pub max_properties: Option<u64>,

    #[serde(rename = "$schema")]
    _dialect: IgnoredAny,
    #[serde(rename = "title")]
    _title: IgnoredAny,
    #[serde(rename = "default")]
    _default: IgnoredAny,
}

/// The type of a value. The names of a map and the values of an enumeration have no
/// `type`, and are strings.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Boolean,
    Integer,
    #[default]
    String,
    Array,
    Object,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum OneOf {
    Values(Vec<Constant>),
    Fields(Vec<Required>),
}

/// A value of an enumeration.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Constant {
    #[serde(rename = "const")]
    pub value: String,
    #[serde(rename = "type", default)]
    _kind: IgnoredAny,
    #[serde(rename = "description", default)]
    _description: IgnoredAny,
}

/// An object that has these fields.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Required {
    pub required: [String; 1],
}

/// Pattern, or several patterns.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Patterns {
    pub pattern: Option<String>,
    pub any_of: Vec<Patterns>,
}

impl Patterns {
    pub fn all(&self) -> Vec<&str> {
        let nested = self.any_of.iter().flat_map(Patterns::all);
        self.pattern.as_deref().into_iter().chain(nested).collect()
    }
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// A day that exists, a time from 1970 on. The rest is the pattern's.
    DateTime,
    /// Says nothing that `minimum` and `maximum` do not say.
    Uint32,
}

/// A list that has this value.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contains {
    pub contains: Constant,
}

/// A list of at most this length.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Length {
    pub max_items: u64,
}

/// Fields that `properties` does not name.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Additional {
    /// `false` if no other field is allowed.
    Allowed(bool),
    /// Rules for the value of each other field.
    Checked(Box<Schema>),
}
