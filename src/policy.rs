//! What the plugin configuration makes of a request.

use crate::config::{ExemptionConfig, Field, PluginConfig, ResponseConfig};
use crate::error::{Allowed, Error};
use crate::exemption::{Action, Exemptions, Method, PathPattern};
use crate::reply::{Body, ContentType, HeaderName, HeaderValue, Reply};

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
pub struct Policy(Option<Maintenance>);

#[derive(Debug)]
struct Maintenance {
    retry_after_seconds: u32,
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
        let config = PluginConfig::from_json(bytes)?;
        let maintenance = Maintenance {
            retry_after_seconds: config.retry_after_seconds,
            exemptions: exemptions(config.exemptions)?,
            rejection: rejection(config.retry_after_seconds, config.response)?,
            exempt: Reply::exempt(),
        };
        Ok(Self(config.enabled.then_some(maintenance)))
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
            Some(on) => format!(
                "maintenance is on: Retry-After {} s, exempt paths {}",
                on.retry_after_seconds,
                on.exemptions.distinct_paths(),
            ),
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

fn exemptions(list: Option<Vec<ExemptionConfig>>) -> Result<Exemptions, Error> {
    let mut exemptions = Exemptions::default();
    let Some(list) = list else {
        let path = PathPattern::Exact(DEFAULT_EXEMPT_PATH.into());
        exemptions.add(path, vec![Method::get()], Action::Forward);
        return Ok(exemptions);
    };
    for exemption in list {
        let pattern = pattern(&exemption)?;
        let methods = methods(&exemption)?;
        let action = exemption.action.map_or(Ok(Action::Forward), |field| {
            valid(&field, |name| Action::try_from(name.as_str()))
        })?;
        exemptions.add(pattern, methods, action);
    }
    Ok(exemptions)
}

fn pattern(exemption: &ExemptionConfig) -> Result<PathPattern, Error> {
    match (&exemption.path, &exemption.path_prefix) {
        (Some(path), None) => valid(path, |text| PathPattern::exact(&text)),
        (None, Some(prefix)) => valid(prefix, |text| PathPattern::prefix(&text)),
        _ => Err(exemption.field.not_allowed("must have exactly one of path and pathPrefix")),
    }
}

fn methods(exemption: &ExemptionConfig) -> Result<Vec<Method>, Error> {
    let Some(methods) = &exemption.methods else {
        return Ok(vec![Method::get()]);
    };
    methods.iter().map(|field| valid(field, |name| Method::try_from(name.as_str()))).collect()
}

fn rejection(retry_after_seconds: u32, response: ResponseConfig) -> Result<Reply, Error> {
    let content_type = match response.content_type {
        Some(field) => valid(&field, ContentType::try_from)?,
        None => ContentType::default(),
    };
    let body = match response.body {
        Some(field) => valid(&field, Body::try_from)?,
        None => Body::default(),
    };
    let headers = headers(response.headers)?;
    Ok(Reply::maintenance(retry_after_seconds, &content_type, body, &headers))
}

fn headers(entries: Vec<(String, Field)>) -> Result<Vec<(HeaderName, HeaderValue)>, Error> {
    let mut headers: Vec<(HeaderName, HeaderValue)> = Vec::new();
    for (name, field) in entries {
        let name = HeaderName::try_from(name.as_str())
            .map_err(|Allowed(allowed)| field.not_allowed(allowed))?;
        if headers.iter().any(|(earlier, _)| *earlier == name) {
            return Err(field.not_allowed("the same header in another case is already given"));
        }
        headers.push((name, valid(&field, HeaderValue::try_from)?));
    }
    Ok(headers)
}

/// The string at `field` as a domain value.
fn valid<T>(field: &Field, parse: impl FnOnce(String) -> Result<T, Allowed>) -> Result<T, Error> {
    parse(field.string()?).map_err(|Allowed(allowed)| field.not_allowed(allowed))
}
