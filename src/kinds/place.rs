//! Places of objects in the resource hierarchy: roots, objects of a group, children, extensions, and what lies in
//! another object's body.
//!
//! Memberships are elements of a list in another object's body, each of which is a resource of its own: a pool in a
//! network interface's configuration, an address of a NAT gateway, a disk of a machine. The provider has no ids for
//! such elements. drplan makes one from the ids of both ends, so that a membership is recorded and compared like any
//! other resource. Independent of kinds.

use serde_json::{Map as JsonMap, Value as Json};

use super::grammar::Grammar;
use super::path;
use super::table::{RESOURCE_GROUP, Subject};
use crate::object::{Object, ObjectId, Within};

/// Words in the id of a root that are no arguments.
pub(super) const ACCOUNT: &str = "account";
pub(super) const NAME: &str = "name";
pub(super) const REGION: &str = "region";

/// Location of a kind's object in the resource hierarchy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// An object of the account that only collects others, such as a resource group.
    Subscription,
    /// An object that lies in nothing but the account, with an id of this form. `{account}` and `{name}` stand for the
    /// account and the name of the resource, `{region}` for its region, any other word in braces for an argument:
    /// `cloudflare:zones/{zone}/dns_records/{type}/{name}`.
    Root(&'static str),
    /// An object with an id of this form that is where the resource is to which the argument named here refers: it has
    /// the site, the presence and the root of that resource, and an id that does not name it.
    Beside(&'static str, &'static str),
    /// An object of a group, to which the argument `resource_group` refers.
    Group,
    /// `{parent}/{segment}/{name}`; the argument named here refers to the parent. The segment may contain slashes
    /// (`blobServices/default/containers`).
    Child(&'static str, &'static str),
    /// An extension of the resource to which the argument named here refers.
    Extension(&'static str),
    /// An element of a list in the parent's body, identified by its name. `Part("loadbalancer", "properties.probes",
    /// "probes", "name")` holds the argument that refers to the parent, the path of the list, the segment of the
    /// element's id, and the property with its name. To write it, drplan reads the parent, sets the element and
    /// writes the parent back.
    Part(&'static str, &'static str, &'static str, &'static str),
    /// Properties of another object, treated as a resource of their own. The argument named here refers to that
    /// object, whose id is also this one's. A deletion removes the paths of the arguments from that object.
    Property(&'static str),
    /// An element of a list in another object's body, identified by the id of a third one. Written like a part.
    Member(&'static Membership),
}

impl Place {
    /// The argument that refers to what contains the object: a resource group, a parent, a scope, a whole. `None` for a
    /// root.
    pub const fn argument(self) -> Option<&'static str> {
        match self {
            Self::Subscription | Self::Root(_) => None,
            Self::Group => Some(RESOURCE_GROUP.name),
            Self::Extension(argument) => Some(argument),
            Self::Beside(..) | Self::Child(..) | Self::Part(..) | Self::Property(_) | Self::Member(_) => self.parent(),
        }
    }

    /// The argument that refers to the resource to which the object belongs as a child or within its body. `None` for
    /// an object of a resource group, which only collects it, and for an extension, which can be of anything.
    pub const fn parent(self) -> Option<&'static str> {
        match self {
            Self::Beside(argument, _) | Self::Child(argument, _) => Some(argument),
            Self::Part(..) | Self::Property(_) | Self::Member(_) => self.whole(),
            Self::Subscription | Self::Root(_) | Self::Group | Self::Extension(_) => None,
        }
    }

    /// The argument that refers to the resource whose body contains the object. `None` for an object of its own.
    pub const fn whole(self) -> Option<&'static str> {
        match self {
            Self::Part(argument, ..) | Self::Property(argument) => Some(argument),
            Self::Member(of) => Some(of.owner),
            Self::Subscription
            | Self::Root(_)
            | Self::Beside(..)
            | Self::Group
            | Self::Child(..)
            | Self::Extension(_) => None,
        }
    }

    /// The form of an id that is made of names, where it has one.
    pub const fn template(self) -> Option<&'static str> {
        match self {
            Self::Root(template) | Self::Beside(_, template) => Some(template),
            _ => None,
        }
    }

    /// True for a root, which lies in nothing that a stack declares. It has a presence, which what lies in it shares.
    pub const fn is_root(self) -> bool {
        matches!(self, Self::Subscription | Self::Root(_))
    }

    /// True for a root that only collects others: it does no work of its own, keeps the metadata of what lies in it,
    /// and takes that with it when it is deleted.
    pub const fn collects(self) -> bool {
        matches!(self, Self::Subscription)
    }

    /// True for an object whose id has the account.
    pub fn is_in_account(self) -> bool {
        matches!(self, Self::Subscription) || self.template().is_some_and(|template| template.contains("{account}"))
    }

    /// The arguments in an id that is made of names.
    pub fn in_id(self) -> impl Iterator<Item = &'static str> {
        let template = self.template().unwrap_or_default();
        let words = template.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(word, _)| word));
        words.filter(|word| ![ACCOUNT, NAME, REGION].contains(word))
    }

    /// True for an object of its own, with an id and requests of its own.
    pub const fn is_whole(self) -> bool {
        self.whole().is_none()
    }

    /// True for a named element of a list in another object's body.
    pub const fn is_part(self) -> bool {
        matches!(self, Self::Part(..))
    }

    /// True for properties of another object.
    pub const fn is_property(self) -> bool {
        matches!(self, Self::Property(_))
    }

    /// True for an element of a list in another object's body that is identified by a third one.
    pub const fn is_member(self) -> bool {
        matches!(self, Self::Member(_))
    }
}

/// The place of a membership.
#[derive(Debug, PartialEq, Eq)]
pub struct Membership {
    /// The argument that refers to the owner: the resource with the list.
    pub owner: &'static str,
    /// The object and element that contain the list.
    pub enclosure: Enclosure,
    /// Path of the list, within the enclosure.
    pub list: &'static str,
    /// Property of an element that identifies it.
    pub key: &'static str,
    /// The argument with the value of that property: the id of the member. Empty: the name of the resource.
    pub member: &'static str,
    /// Segment of the membership's id, as the Terraform provider has it where it can be part of an id.
    pub segment: &'static str,
    /// The number of owners that a member may have.
    pub owners: Owners,
}

/// The number of owners that a member may have. A member leaves one before it joins the next, unless it may have
/// any number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owners {
    /// Any number.
    Any,
    /// One.
    One,
    /// One, or as many as this argument of the member says.
    Argument(&'static str),
}

/// The object and element that contain the list of a membership.
#[derive(Debug, PartialEq, Eq)]
pub enum Enclosure {
    /// The owner's body.
    Whole,
    /// A named element of the owner: the argument with its name, the path of the list of such elements, and the
    /// segment of their ids.
    Element(&'static str, &'static str, &'static str),
    /// The owner is itself a part of another object, in the list at this path.
    Part(&'static str),
}

type Args = JsonMap<String, Json>;

fn text<'a>(args: &'a Args, name: &str) -> Option<&'a str> {
    args.get(name).and_then(Json::as_str)
}

impl Membership {
    /// The id: below the owner's, with the name of the member.
    pub(super) fn id(&self, name: &str, args: &Args) -> Option<ObjectId> {
        let owner = text(args, self.owner)?;
        let inner = match self.enclosure {
            Enclosure::Element(argument, _, segment) => format!("/{segment}/{}", text(args, argument)?),
            Enclosure::Whole | Enclosure::Part(_) => String::new(),
        };
        Some(ObjectId::new(format!("{owner}{inner}/{}/{name}", self.segment)))
    }

    /// The object and the element in it.
    pub(super) fn object(&self, subject: &Subject<'_>) -> Object {
        let owner = ObjectId::new(subject.text(self.owner).unwrap_or_default());
        let (id, list) = match self.enclosure {
            Enclosure::Whole => (owner, self.list.to_owned()),
            Enclosure::Element(argument, outer, _) => {
                let element = path::selected(outer, "name", subject.text(argument).unwrap_or_default());
                (owner, format!("{element}.{}", self.list))
            }
            Enclosure::Part(outer) => {
                let element = path::selected(outer, "name", owner.name());
                (owner.outer().unwrap_or_else(|| owner.clone()), format!("{element}.{}", self.list))
            }
        };
        let name = if self.member.is_empty() { subject.name } else { subject.text(self.member).unwrap_or_default() };
        let within = Within::Element { list, key: self.key.to_owned(), name: name.to_owned() };
        Object { within: Some(within), ..subject.kind.type_.object(id) }
    }

    /// Path of the list in the bodies of all owners.
    pub fn every(&self) -> String {
        match self.enclosure {
            Enclosure::Whole => self.list.to_owned(),
            Enclosure::Element(_, outer, _) | Enclosure::Part(outer) => format!("{outer}[].{}", self.list),
        }
    }

    /// The memberships in the body of an owner, or of the object that contains owners: the id of each, and its element.
    pub fn found<'a>(&self, grammar: &dyn Grammar, id: &ObjectId, body: &'a Json) -> Vec<(ObjectId, &'a Json)> {
        let outer: Vec<(ObjectId, &Json)> = match self.enclosure {
            Enclosure::Whole => vec![(id.clone(), body)],
            Enclosure::Element(_, outer, segment) => named(id, body, outer, segment),
            Enclosure::Part(outer) => named(id, body, outer, outer.rsplit('.').next().unwrap_or_default()),
        };
        let inner = |(within, element): (ObjectId, &'a Json)| {
            let items = path::items(element, self.list).iter();
            let placed = items.filter_map(move |item| {
                let value = path::text(item, self.key)?;
                let name =
                    if self.member.is_empty() { value.to_owned() } else { member_name(grammar, id.as_str(), value) };
                Some((within.child(self.segment, &name), item))
            });
            placed.collect::<Vec<_>>()
        };
        outer.into_iter().flat_map(inner).collect()
    }

    /// The arguments that follow from the id.
    pub fn placed(&self, id: &ObjectId, args: &mut Args) {
        let Some(within) = id.outer() else { return };
        let owner = match self.enclosure {
            Enclosure::Element(argument, ..) => {
                args.insert(argument.to_owned(), Json::from(within.name()));
                within.outer().unwrap_or(within)
            }
            Enclosure::Whole | Enclosure::Part(_) => within,
        };
        args.insert(self.owner.to_owned(), Json::from(owner.as_str()));
    }

    /// The object whose body would contain the membership with this id. `None` if the id is not of this form.
    pub fn whole(&self, id: &ObjectId) -> Option<ObjectId> {
        let within = id.outer()?;
        let segment = |id: &ObjectId| id.as_str().rsplit('/').nth(1).map(str::to_ascii_lowercase);
        let is = |id: &ObjectId, wanted: &str| segment(id).is_some_and(|segment| segment.eq_ignore_ascii_case(wanted));
        let whole = match self.enclosure {
            Enclosure::Whole => Some(within),
            Enclosure::Element(_, _, outer) => within.outer().filter(|_| is(&within, outer)),
            Enclosure::Part(_) => within.outer(),
        };
        whole.filter(|_| is(id, self.segment))
    }

    /// The id of the membership that the Terraform provider identifies by the ids of both ends.
    pub fn joined(&self, grammar: &dyn Grammar, within: &ObjectId, member: &str) -> ObjectId {
        let owner = match self.enclosure {
            Enclosure::Element(..) => within.outer().unwrap_or_else(|| within.clone()),
            Enclosure::Whole | Enclosure::Part(_) => within.clone(),
        };
        within.child(self.segment, &member_name(grammar, owner.as_str(), member))
    }

    /// The member, if the number of its owners is limited.
    pub fn limited<'a>(&self, args: &'a Args) -> Option<&'a str> {
        text(args, self.member).filter(|_| self.owners != Owners::Any)
    }
}

fn named<'a>(id: &ObjectId, body: &'a Json, list: &str, segment: &str) -> Vec<(ObjectId, &'a Json)> {
    let one = |element: &'a Json| Some((id.child(segment, path::text(element, "name")?), element));
    path::items(body, list).iter().filter_map(one).collect()
}

/// Name of a membership without a name of its own: see [`member_name`].
pub fn name(subject: &Subject<'_>) -> String {
    let Place::Member(of) = subject.kind.place else { return String::new() };
    let owner = subject.text(of.owner).unwrap_or_default();
    member_name(subject.kind.grammar(), owner, subject.text(of.member).unwrap_or_default())
}

/// The names in a member's id, joined by dots: pools of two load balancers may have one name. A member of another
/// resource group has the name of that group as well.
fn member_name(grammar: &dyn Grammar, owner: &str, member: &str) -> String {
    let (owner, member) = (ObjectId::new(owner), ObjectId::new(member));
    let group = |id: &ObjectId| grammar.group(id).map(|group| group.name().to_ascii_lowercase());
    let elsewhere = group(&member).filter(|own| group(&owner).is_some_and(|other| other != *own));
    elsewhere.as_deref().into_iter().chain(grammar.names(&member)).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::super::argument::{Need, PRESENCE, Ty};
    use super::*;
    use crate::providers::azure::TABLES;

    #[test]
    fn every_root_has_a_presence_and_a_site_of_its_own() {
        for kind in TABLES.tables().map(|table| table.kind) {
            let presence = matches!(kind.arg(PRESENCE.name).map(|arg| arg.ty), Some(Ty::Enum(_)));
            let site = kind.arg("site").map(|arg| arg.need);
            assert_eq!(presence, kind.place.is_root(), "{kind:?}: presence");
            assert!(!kind.place.is_root() || matches!(site, Some(Need::Required)), "{kind:?}: site");
        }
        let root = Place::Root("toy:{name}");
        assert!(!root.collects() && root.is_root() && root.argument().is_none());
    }

    #[test]
    fn members_of_one_name_have_different_ids() {
        let nic = "/subscriptions/s/resourceGroups/Web/providers/Microsoft.Network/networkInterfaces/a";
        let pool = |group: &str, lb: &str| {
            format!(
                "/subscriptions/s/resourceGroups/{group}/providers/Microsoft.Network/loadBalancers/{lb}/backendAddressPools/web"
            )
        };
        assert_eq!(member_name(TABLES.grammar, nic, &pool("web", "in")), "in.web");
        assert_eq!(member_name(TABLES.grammar, nic, &pool("web", "out")), "out.web");
        assert_eq!(member_name(TABLES.grammar, nic, &pool("edge", "in")), "edge.in.web");
    }
}
