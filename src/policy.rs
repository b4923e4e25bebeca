//! What the plugin configuration makes of a request.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::config::{ExemptionConfig, Field, Part, Parts, PluginConfig, Read, ResponseConfig};
use crate::error::{Allowed, Error};
use crate::exemption::{Action, Exemptions, Methods, PathPattern};
use crate::reply::{Body, ContentType, HeaderName, HeaderValue, Headers, Reply};
use crate::text::{decimal, joined};

/// The path that is exempt when the configuration lists no exemptions.
pub const DEFAULT_EXEMPT_PATH: &str = "/load-balancer/health-check";

/// What the filter may ask of a request. Each call costs an exchange with the
/// host, so the policy makes as few as it can.
pub trait RequestHead {
    /// `:path`, as the client sent it; `CONNECT` has none.
    fn path(&self) -> Option<Vec<u8>>;
    /// `:method`.
    fn method(&self) -> Option<Vec<u8>>;
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug)]
pub enum Decision<'a> {
    /// No maintenance: the filter does nothing.
    Pass,
    /// Exempt: the request goes on to the application.
    Forward,
    /// Exempt: the proxy answers for the application.
    Respond(&'a Reply),
    /// Not exempt: the proxy answers that the service is in maintenance.
    Reject(&'a Reply),
}

/// A valid plugin configuration, ready to decide. The default is disabled.
#[derive(Debug, Default)]
pub struct Policy(Option<Box<Maintenance>>);

#[derive(Debug)]
struct Maintenance {
    retry_after_seconds: usize,
    exemptions: Exemptions,
    rejection: Reply,
    exempt: Reply,
}

impl Policy {
    /// Reads a plugin configuration; no bytes mean `{}`. All of it must be
    /// valid, also while `enabled` is false.
    ///
    /// # Errors
    /// The first thing that is not allowed.
    pub fn from_json(bytes: &[u8]) -> Result<Self, Error> {
        let bytes = if bytes.is_empty() { b"{}" } else { bytes };
        let document = Field::document(bytes)?;
        Self::read(document).map_err(|refused| refused.within(document))
    }

    fn read(document: Field<'_>) -> Read<'_, Self> {
        let config = PluginConfig::read(document)?;
        let maintenance = Maintenance {
            retry_after_seconds: config.retry_after_seconds,
            exemptions: exemptions(config.exemptions)?,
            rejection: rejection(config.retry_after_seconds, config.response)?,
            exempt: Reply::exempt(),
        };
        Ok(Self(config.enabled.then(|| Box::new(maintenance))))
    }

    /// Whether maintenance is in force.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.0.is_some()
    }

    /// The state in words, for the log.
    #[must_use]
    pub fn summary(&self) -> String {
        match &self.0 {
            None => "maintenance is off".into(),
            Some(on) => joined(&[
                "maintenance is on: Retry-After ",
                &decimal(on.retry_after_seconds),
                " s, exempt paths ",
                &decimal(on.exemptions.distinct_paths()),
            ]),
        }
    }

    /// Decides over one request. A disabled policy asks nothing of `head`, an
    /// enabled one `path`, and `method` only if the path matches an exemption.
    pub fn decide(&self, head: &impl RequestHead) -> Decision<'_> {
        let Some(maintenance) = &self.0 else {
            return Decision::Pass;
        };
        let action =
            head.path().and_then(|path| maintenance.exemptions.find(&path, || head.method()));
        match action {
            Some(Action::Forward) => Decision::Forward,
            Some(Action::Respond) => Decision::Respond(&maintenance.exempt),
            None => Decision::Reject(&maintenance.rejection),
        }
    }
}

fn exemptions(list: Option<Parts<'_>>) -> Read<'_, Exemptions> {
    let mut exemptions = Exemptions::default();
    let Some(list) = list else {
        let path = PathPattern::Exact(DEFAULT_EXEMPT_PATH.into());
        exemptions.add(path, Methods::get(), Action::Forward);
        return Ok(exemptions);
    };
    for Part { value: field, .. } in list {
        let exemption = ExemptionConfig::read(field)?;
        let pattern = pattern(field, &exemption)?;
        let methods = methods(exemption.methods)?;
        let action = match exemption.action {
            Some(field) => valid(field, |name| Action::try_from(name.as_str()))?,
            None => Action::Forward,
        };
        exemptions.add(pattern, methods, action);
    }
    Ok(exemptions)
}

fn pattern<'a>(field: Field<'a>, exemption: &ExemptionConfig<'a>) -> Read<'a, PathPattern> {
    match (exemption.path, exemption.path_prefix) {
        (Some(path), None) => valid(path, PathPattern::exact),
        (None, Some(prefix)) => valid(prefix, PathPattern::prefix),
        _ => Err(field.not_allowed("must have exactly one of path and pathPrefix")),
    }
}

fn methods(list: Option<Parts<'_>>) -> Read<'_, Methods> {
    let Some(list) = list else {
        return Ok(Methods::get());
    };
    let mut methods = Methods::default();
    for Part { value, .. } in list {
        valid(value, |name| methods.add(&name))?;
    }
    Ok(methods)
}

fn rejection(retry_after_seconds: usize, response: ResponseConfig<'_>) -> Read<'_, Reply> {
    let content_type = match response.content_type {
        Some(field) => valid(field, ContentType::try_from)?,
        None => ContentType::default(),
    };
    let body = match response.body {
        Some(field) => valid(field, Body::try_from)?,
        None => Body::default(),
    };
    let mut headers = Headers::maintenance(retry_after_seconds, &content_type);
    let own = response.headers.unwrap_or_default();
    for (index, entry) in own.clone().enumerate() {
        let name = entry.key().unwrap_or_default();
        if own.clone().take(index).any(|earlier| earlier.has_key_like(&name)) {
            let allowed = "the same header in another case is already given";
            return Err(entry.value.not_allowed(allowed));
        }
        let name = HeaderName::try_from(name)
            .map_err(|Allowed(allowed)| entry.value.not_allowed(allowed))?;
        headers.add(&name, &valid(entry.value, HeaderValue::try_from)?);
    }
    Ok(Reply::maintenance(headers, body))
}

/// The string at `field` as a domain value.
fn valid<T>(field: Field<'_>, parse: impl FnOnce(String) -> Result<T, Allowed>) -> Read<'_, T> {
    parse(field.string()?).map_err(|Allowed(allowed)| field.not_allowed(allowed))
}
