//! A host that records what a plugin does, in place of Envoy.

use std::collections::BTreeMap;
use std::fmt;

/// A local reply as the module sent it.
#[derive(Clone, Eq, PartialEq)]
pub struct Reply {
    pub status: u32,
    pub details: Vec<u8>,
    pub headers: Vec<u8>,
    pub body: Vec<u8>,
}

/// Data that the module can ask the host for, and data that the module has changed.
#[derive(Default)]
pub struct Host {
    pub configuration: Vec<u8>,
    /// Header fields of the request, pseudo-headers included.
    pub headers: Vec<(Vec<u8>, Vec<u8>)>,
    /// Plugin name, which the host has as a property.
    pub name: Vec<u8>,
    pub shared: BTreeMap<Vec<u8>, (Vec<u8>, u32)>,
    /// The metrics by name.
    pub metrics: Vec<(String, i64)>,
    /// Index of a metric in `metrics`, by identifier. Like Envoy, the host hands
    /// out a new identifier for each definition and keeps them all.
    pub metric_ids: Vec<usize>,
    pub log: Vec<String>,
    pub tick_milliseconds: u32,
    /// Time in seconds since 1970.
    pub now: u64,
    /// Next number that the host hands out as random bytes.
    pub random: u64,
    pub reply: Option<Reply>,
    /// Host calls since the list was last taken.
    pub calls: Vec<&'static str>,
    /// Sizes of the blocks that the module allocated for values, since the list
    /// was last taken.
    pub blocks: Vec<u32>,
    /// Host calls that fail, each with the status it returns.
    pub failures: BTreeMap<&'static str, u32>,
}

impl fmt::Debug for Reply {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [details, headers, body] =
            [&self.details, &self.headers, &self.body].map(|text| text.escape_ascii());
        write!(formatter, "{} {details}\n    {headers}\n    {body}", self.status)
    }
}

impl Reply {
    /// The `Retry-After` of the reply, in seconds.
    pub fn retry_after(&self) -> u32 {
        let mut texts = self.headers.split(|byte| *byte == 0);
        texts.find(|text| text.ends_with(b"retry-after")).expect("the name");
        let seconds = texts.next().and_then(|text| str::from_utf8(text).ok());
        seconds.and_then(|text| text.parse().ok()).expect("seconds")
    }
}

impl Host {
    /// Sets the header fields of the request.
    pub fn set_head(&mut self, head: &[(impl AsRef<[u8]>, impl AsRef<[u8]>)]) {
        let owned = |text: &[u8]| text.to_vec();
        self.headers = head
            .iter()
            .map(|(name, value)| (owned(name.as_ref()), owned(value.as_ref())))
            .collect();
    }

    /// The value of a metric; `None` if it was never defined.
    pub fn metric(&self, name: &str) -> Option<i64> {
        self.metrics.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
    }

    pub fn define(&mut self, name: String) -> u32 {
        let known = self.metrics.iter().position(|(known, _)| *known == name);
        let index = known.unwrap_or_else(|| {
            self.metrics.push((name, 0));
            self.metrics.len() - 1
        });
        self.metric_ids.push(index);
        u32::try_from(self.metric_ids.len() - 1).expect("few metrics")
    }

    pub fn value(&mut self, id: u32) -> &mut i64 {
        &mut self.metrics[self.metric_ids[id as usize]].1
    }
}

/// Returns header fields as the ABI has them: their number, the length of each name
/// and value, then each name and value with a zero byte behind it.
pub fn header_map(fields: &[(impl AsRef<[u8]>, impl AsRef<[u8]>)]) -> Vec<u8> {
    let size = |length: usize| u32::try_from(length).expect("a size of wasm32").to_le_bytes();
    let texts = || fields.iter().flat_map(|(name, value)| [name.as_ref(), value.as_ref()]);
    let mut map = size(fields.len()).to_vec();
    texts().for_each(|text| map.extend(size(text.len())));
    texts().for_each(|text| map.extend(text.iter().chain(&[0])));
    map
}
