//! Where telemetry comes from: its resource and its scope. Each is kept once, however many spans
//! or log records share it.

use super::compact::{Attribute, Release as _, Strings, attributes, key_values};
use super::heap::Heap;
use super::pool::{Id, Pool};
use crate::wire;

/// What a sender that does not name itself is called:
/// <https://opentelemetry.io/docs/specs/semconv/resource/#service>.
const UNNAMED: &str = "unknown_service";

/// A resource or a scope: a few texts and attributes. `first` is the name of the service or of the
/// library, `second` the version of the library.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Origin {
    pub(super) first: Id,
    second: Id,
    pub(super) attributes: Box<[Attribute]>,
    dropped_attributes: u32,
}

impl Heap for Origin {
    fn heap(&self) -> usize {
        self.attributes.heap()
    }
}

/// All resources and scopes of a store.
#[derive(Default)]
pub(super) struct Origins {
    pool: Pool<Origin>,
}

impl Origins {
    /// The resource, with one holder more.
    pub(super) fn hold_resource(
        &mut self,
        resource: Option<wire::Resource>,
        strings: &mut Strings,
    ) -> Id {
        let resource = resource.unwrap_or_default();
        let service = strings.hold(service_name(&resource));
        let origin = Origin {
            first: service,
            second: strings.hold(""),
            attributes: attributes(resource.attributes, strings),
            dropped_attributes: resource.dropped_attributes_count,
        };
        self.hold(origin, strings)
    }

    /// The scope, with one holder more.
    pub(super) fn hold_scope(
        &mut self,
        scope: Option<wire::InstrumentationScope>,
        strings: &mut Strings,
    ) -> Id {
        let scope = scope.unwrap_or_default();
        let origin = Origin {
            first: strings.hold(scope.name.as_str()),
            second: strings.hold(scope.version.as_str()),
            attributes: attributes(scope.attributes, strings),
            dropped_attributes: scope.dropped_attributes_count,
        };
        self.hold(origin, strings)
    }

    /// One holder more.
    pub(super) fn hold_again(&mut self, id: Id) -> Id {
        self.pool.hold_again(id)
    }

    /// One holder less.
    pub(super) fn release(&mut self, id: Id, strings: &mut Strings) {
        if let Some(gone) = self.pool.release(id) {
            let_go(&gone, strings);
        }
    }

    /// The origin of an id that is held.
    pub(super) fn get(&self, id: Id) -> &Origin {
        self.pool.get(id)
    }

    /// As it was sent.
    pub(super) fn resource(&self, id: Id, strings: &Strings) -> wire::Resource {
        let origin = self.get(id);
        wire::Resource {
            attributes: key_values(&origin.attributes, strings),
            dropped_attributes_count: origin.dropped_attributes,
        }
    }

    /// As it was sent.
    pub(super) fn scope(&self, id: Id, strings: &Strings) -> wire::InstrumentationScope {
        let origin = self.get(id);
        wire::InstrumentationScope {
            name: strings.get(origin.first).to_string(),
            version: strings.get(origin.second).to_string(),
            attributes: key_values(&origin.attributes, strings),
            dropped_attributes_count: origin.dropped_attributes,
        }
    }

    /// What all of them take.
    pub(super) fn bytes(&self) -> usize {
        self.pool.bytes()
    }

    fn hold(&mut self, origin: Origin, strings: &mut Strings) -> Id {
        let (id, spare) = self.pool.hold_owned(origin);
        if let Some(spare) = spare {
            let_go(&spare, strings);
        }
        id
    }
}

fn let_go(origin: &Origin, strings: &mut Strings) {
    strings.release(origin.first);
    strings.release(origin.second);
    origin.attributes.release(strings);
}

/// `service.name`, or what stands for it.
pub(crate) fn service_name(resource: &wire::Resource) -> &str {
    let named = |one: &&wire::KeyValue| one.key == "service.name";
    let value = resource
        .attributes
        .iter()
        .find(named)
        .and_then(|it| it.value.as_ref());
    match value.and_then(|value| value.value.as_ref()) {
        Some(wire::Value::String(name)) if !name.is_empty() => name,
        _ => UNNAMED,
    }
}
