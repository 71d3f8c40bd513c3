//! The objects that an operator should check where a step takes far too long.

use std::path::Path;

use super::Global;
use super::again::{again_recorded, quoted};
use crate::address::Address;
use crate::kinds::Catalog;
use crate::object::Object;
use crate::stack::CloudName;
use crate::view::overdue::{CheckedObject, OverdueAdvice};

/// The objects of resources, for steps that take far too long.
pub fn overdue_advice<'a>(
    resources: impl Iterator<Item = (&'a Address, &'a [Object])>,
    cloud: CloudName,
    catalog: &Catalog,
    global: &Global,
) -> OverdueAdvice {
    let one = |(address, objects): (&Address, &[Object])| {
        let object = &objects.first()?.id;
        let id = quoted(object.as_str());
        let checked = match cloud {
            CloudName::Local => CheckedObject {
                place: "in the local simulator",
                command: Some(again_recorded(&format!("simulator show {id}"), Path::new("."), global)),
            },
            CloudName::Providers(_) => {
                let console = catalog.owner(object)?.console?;
                CheckedObject { place: console.place, command: console.command.map(|command| command(&id)) }
            }
        };
        Some((address.clone(), checked))
    };
    OverdueAdvice { objects: resources.filter_map(one).collect() }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::object::ObjectId;

    #[test]
    fn object_is_checked_where_its_provider_shows_it() {
        let server = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Sql/servers/one";
        let record = "cloudflare:zones/example.com/dns_records/A/www.example.com";
        let objects = [server, record].map(|id| [Object::whole(ObjectId::new(id), "")]);
        let addresses = [Address::new("mssql_server", "one"), Address::new("cloudflare_dns_record", "www")];
        let resources = || addresses.iter().zip(objects.iter().map(<[Object; 1]>::as_slice));
        let global = crate::cli::Cli::try_parse_from(["drplan", "plan"]).unwrap().global;
        let of = |cloud| overdue_advice(resources(), cloud, crate::providers::catalog(), &global).objects;
        let real = of(CloudName::Providers("cloudflare"));
        let command = format!("az monitor activity-log list --resource-id {server} --offset 6h --output table");
        assert_eq!(real[&addresses[0]].command, Some(command));
        assert_eq!(
            (real[&addresses[1]].place, &real[&addresses[1]].command),
            ("in the dashboard of Cloudflare, or its audit log", &None)
        );
        let local = of(CloudName::Local);
        assert_eq!(local[&addresses[1]].command, Some(format!("drplan simulator show {record}")));
    }
}
