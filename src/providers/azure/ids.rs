//! The ids of Azure Resource Manager: paths of a subscription, a resource group, and the types and names of objects.
//!
//! The rest of drplan asks [`Ids`], the grammar. What is Azure's own, such as the client, the kinds and the dialect of
//! the simulator, asks the id itself ([`AzureId`]).

use crate::kinds::Grammar;
use crate::object::ObjectId;

/// Beginning of an object's provider and type.
const PROVIDERS: &str = "/providers/";
/// Beginning of a resource group's name, in lower case.
const GROUPS: &str = "/resourcegroups/";
/// Beginning of a subscription's id.
pub const SUBSCRIPTIONS: &str = "/subscriptions/";

/// The grammar of Azure's ids.
#[derive(Debug)]
pub struct Ids;

/// Parts of an id of Azure.
pub trait AzureId: Sized {
    /// The id of the resource this one is a child of; `None` for what is no child.
    fn parent(&self) -> Option<Self>;

    /// The segment after `subscriptions`, where there is one.
    fn subscription(&self) -> Option<&str>;

    /// The segment after `resourceGroups`, where there is one.
    fn resource_group(&self) -> Option<&str>;

    /// The full type, as in `Microsoft.Network/virtualNetworks/subnets`; a resource group's is
    /// `Microsoft.Resources/resourceGroups`.
    fn arm_type(&self) -> Option<String>;

    /// The resource group that this lies in; `None` for a group itself, and for what is in none.
    fn group(&self) -> Option<Self>;

    /// The resource that an extension extends: the id before its last provider; `None` if it has no provider.
    fn scope(&self) -> Option<Self>;
}

impl AzureId for ObjectId {
    fn parent(&self) -> Option<Self> {
        let type_ = self.as_str().to_ascii_lowercase().rfind(PROVIDERS)? + PROVIDERS.len();
        let parent = self.outer()?;
        (parent.as_str().get(type_..)?.split('/').count() >= 3).then_some(parent)
    }

    fn subscription(&self) -> Option<&str> {
        segment_after(self, "subscriptions")
    }

    fn resource_group(&self) -> Option<&str> {
        segment_after(self, "resourcegroups")
    }

    fn arm_type(&self) -> Option<String> {
        let lower = self.as_str().to_ascii_lowercase();
        let Some(at) = lower.rfind(PROVIDERS) else {
            return lower.contains(GROUPS).then(|| "Microsoft.Resources/resourceGroups".to_owned());
        };
        let mut segments = self.as_str()[at + PROVIDERS.len()..].split('/');
        let mut text = segments.next()?.to_owned();
        while let (Some(kind), Some(_name)) = (segments.next(), segments.next()) {
            text.push('/');
            text.push_str(kind);
        }
        Some(text)
    }

    fn group(&self) -> Option<Self> {
        let folded = self.folded();
        let name = folded.find(GROUPS)? + GROUPS.len();
        let end = name + folded.get(name..)?.find('/')?;
        self.as_str().get(..end).map(Self::new)
    }

    fn scope(&self) -> Option<Self> {
        let at = self.folded().rfind(PROVIDERS)?;
        self.as_str().get(..at).map(Self::new)
    }
}

fn segment_after<'a>(id: &'a ObjectId, word: &str) -> Option<&'a str> {
    let mut segments = id.as_str().split('/');
    segments.find(|segment| segment.eq_ignore_ascii_case(word))?;
    segments.next().filter(|segment| !segment.is_empty())
}

impl Grammar for Ids {
    fn is_id(&self, text: &str) -> bool {
        let starts = |with: &str| text.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
        starts(SUBSCRIPTIONS) || starts(PROVIDERS)
    }

    fn type_of(&self, id: &ObjectId) -> Option<String> {
        id.arm_type()
    }

    fn parent(&self, id: &ObjectId) -> Option<ObjectId> {
        AzureId::parent(id)
    }

    fn scope(&self, id: &ObjectId) -> Option<ObjectId> {
        AzureId::scope(id)
    }

    fn group(&self, id: &ObjectId) -> Option<ObjectId> {
        AzureId::group(id)
    }

    fn account<'a>(&self, id: &'a ObjectId) -> Option<&'a str> {
        id.subscription()
    }

    fn of_account(&self, account: &str) -> Option<ObjectId> {
        Some(ObjectId::new(format!("{SUBSCRIPTIONS}{account}")))
    }

    fn of_group(&self, account: &str, name: &str) -> Option<ObjectId> {
        self.of_account(account).map(|account| account.child("resourceGroups", name))
    }

    fn within(&self, around: &str, type_: &str, name: &str) -> Option<ObjectId> {
        Some(ObjectId::new(format!("{around}{PROVIDERS}{type_}/{name}")))
    }

    /// The first type and name after the first provider.
    fn root(&self, id: &ObjectId) -> ObjectId {
        let text = id.as_str();
        let Some(at) = text.to_ascii_lowercase().find(PROVIDERS) else { return id.clone() };
        let own = at + PROVIDERS.len();
        let end = text[own..].match_indices('/').nth(2).map_or(text.len(), |(end, _)| own + end);
        ObjectId::new(&text[..end])
    }

    fn names<'a>(&self, id: &'a ObjectId) -> Vec<&'a str> {
        let text = id.as_str();
        let own = text.to_ascii_lowercase().rfind(PROVIDERS).map_or(0, |at| at + PROVIDERS.len());
        text.get(own..).unwrap_or_default().split('/').skip(2).step_by(2).collect()
    }

    /// An extension, such as a lock, is listed together with those of all enclosing scopes, and is therefore read by
    /// itself.
    fn collection(&self, id: &ObjectId) -> Option<ObjectId> {
        let text = id.as_str();
        let extends = text.to_ascii_lowercase().matches(PROVIDERS).count() > 1;
        text.rsplit_once('/').filter(|_| !extends).map(|(path, _)| ObjectId::new(path))
    }

    /// Resource Manager lists the extensions of a resource group together with those of the resources in it.
    fn extensions(&self, of: &ObjectId, type_: &str) -> Option<ObjectId> {
        let is_group = !of.as_str().to_ascii_lowercase().contains(PROVIDERS);
        is_group.then(|| ObjectId::new(format!("{of}{PROVIDERS}{type_}")))
    }

    fn example(&self) -> &'static str {
        "/subscriptions/…"
    }

    fn unknown(&self, number: usize) -> String {
        format!("/subscriptions/0/resourceGroups/unknown/providers/Unknown/unknown/unknown{number}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_say_type_parent_scope_and_group() {
        let group = ObjectId::new("/subscriptions/s/resourceGroups/g");
        let net = ObjectId::new(format!("{group}/providers/A.B/nets/n"));
        let subnet = net.child("subnets", "w");
        let lock = ObjectId::new(format!("{subnet}/providers/A.Auth/locks/l"));
        let types = [&group, &net, &subnet, &lock].map(|id| id.arm_type().unwrap());
        assert_eq!(types, ["Microsoft.Resources/resourceGroups", "A.B/nets", "A.B/nets/subnets", "A.Auth/locks"]);
        let parents = [&group, &net, &subnet, &lock].map(AzureId::parent);
        assert_eq!(parents, [None, None, Some(net.clone()), None]);
        let above = [&group, &net, &subnet, &lock].map(|id| Ids.above(id));
        assert_eq!(above, [None, Some(group.clone()), Some(net.clone()), Some(subnet.clone())]);
        assert_eq!([&group, &net, &lock].map(|id| Ids.group(id)), [None, Some(group.clone()), Some(group.clone())]);
        assert_eq!(
            [&group, &net, &subnet, &lock].map(|id| Ids.root(id)),
            [group.clone(), net.clone(), net.clone(), net]
        );
        assert_eq!((Ids.names(&subnet), Ids.names(&lock)), (vec!["n", "w"], vec!["l"]));
        assert_eq!(Ids.of_group("s", "g").as_ref(), Some(&group));
        let made = [Ids.within(group.as_str(), "A.B/nets", "n"), Ids.within(subnet.as_str(), "A.Auth/locks", "l")];
        assert_eq!(made, [Some(Ids.root(&subnet)), Some(lock.clone())]);
        assert_eq!((Ids.collection(&lock), Ids.account(&lock)), (None, Some("s")));
        assert!(Ids.is_id("/SUBSCRIPTIONS/s") && !Ids.is_id("/health") && Ids.is_id(&Ids.unknown(0)));
    }
}
