"""Calls of Linode's own client against the local simulator, each with its outcome on a line."""

import os
import time

import linode_api4
from linode_api4 import ApiError, Domain, Firewall, Image, Instance, LinodeClient, Region, Volume

client = LinodeClient("any", base_url=os.environ["SIMULATOR"] + "/v4", ca_path=os.environ["SSL_CERT_FILE"])
client.session.headers["Host"] = "api.linode.com"


def refused(call, *arguments, **named):
    try:
        call(*arguments, **named)
    except ApiError as error:
        return f"{error.status} {error.json['errors'][0].get('field')}"
    return "accepted"


def until(read, wanted):
    for _ in range(600):
        if read() == wanted:
            return wanted
        time.sleep(0.05)
    return f"still {read()}"


def status(type_, id_):
    return lambda: client.load(type_, id_).status


print("user", client.profile().username)
region = client.load(Region, "eu-west")
print("region", region.id, region.status, "Object Storage" in region.capabilities)
plans = {entry.plan: entry.available for entry in region.availability}
print("plan", plans["g6-standard-1"], "of all", {entry.region for entry in client.regions.availability()} > {"us-east"})

wall = client.networking.firewall_create(
    "wall",
    {
        "inbound_policy": "DROP",
        "outbound_policy": "ACCEPT",
        "inbound": [
            {
                "label": "https",
                "action": "ACCEPT",
                "protocol": "TCP",
                "ports": "443",
                "addresses": {"ipv4": ["0.0.0.0/0"]},
            }
        ],
    },
)
print("firewall", wall.label, wall.status, wall.rules.inbound[0].ports)
keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleE example"]
web = client.linode.instance_create(
    "g6-standard-1", "eu-west", image="linode/debian12", label="web", authorized_keys=keys, firewall=wall
)
print("created", web.label, web.status, len(web.ipv4))
again = {"image": "linode/debian12", "authorized_keys": keys}
print("again", refused(client.linode.instance_create, "g6-standard-1", "eu-west", label="web", **again))
print("no plan", refused(client.linode.instance_create, "g6-huge-1", "eu-west", label="other", **again))
print("busy", refused(web.shutdown))
print("machine", until(status(Instance, web.id), "running"))
print("found", [machine.id == web.id for machine in client.linode.instances(Instance.label == "web")])
print("device", client.load(Firewall, wall.id).devices[0].entity.label)
print("disks", [disk.filesystem for disk in client.load(Instance, web.id).disks])
web.shutdown()
print("machine", until(status(Instance, web.id), "offline"))
web.boot()
print("machine", until(status(Instance, web.id), "running"))
events = client.account.events()
print("events", sorted({event.action for event in events if event.entity and event.entity.id == web.id}))

data = client.volume_create("data", region="eu-west", size=20, tags=["product:saas"])
print("volume", until(status(Volume, data.id), "active"), data.size, data.tags)
data.attach(web)
print("attached", until(lambda: client.load(Volume, data.id).linode_id == web.id, True))
data.resize(40)
print("resized", until(lambda: client.load(Volume, data.id).size, 40))
print("shrunk", refused(client.load(Volume, data.id).resize, 10))

image = client.images.create(client.load(Instance, web.id).disks[0], "golden", cloud_init=True)
print("image", image.id.startswith("private/"), image.status, until(status(Image, image.id), "available"))
image.replicate(["eu-west", "us-east"])
replicas = lambda: sorted((one.region, str(one.status)) for one in client.load(Image, image.id).regions)
print("replicas", until(replicas, [("eu-west", "available"), ("us-east", "available")]))
print("nowhere", refused(image.replicate, ["nowhere"]))

bucket = client.object_storage.bucket_create("eu-west", "files", acl="private", cors_enabled=False)
print("bucket", bucket.label, bucket.hostname, bucket.access_get().acl)
bucket.access_modify(acl="public-read")
print("access", bucket.access_get().acl, bucket.access_get().cors_enabled)
print("buckets", [one.label for one in client.object_storage.buckets()])

zone = client.domain_create("example.com", soa_email="ops@example.com")
print("domain", zone.domain, zone.type, zone.status)
www = zone.record_create("A", name="www", target="192.0.2.1", ttl_sec=300)
print("record", www.name, www.target, www.ttl_sec)
print("invalid", refused(zone.record_create, "A", name="api", target="nowhere"))
www.target = "192.0.2.2"
www.save()
print("saved", [record.target for record in client.load(Domain, zone.id).records])

lock = client.locks.create("linode", web.id, "cannot_delete")
print("lock", lock.lock_type, lock.entity.label, refused(client.load(Instance, web.id).delete))
lock.delete()
for gone in (www, zone, bucket, image):
    gone.delete()
client.load(Volume, data.id).detach()
print("detached", until(lambda: client.load(Volume, data.id).linode_id, None))
client.load(Volume, data.id).delete()
client.load(Instance, web.id).delete()
print("deleted", until(lambda: len(client.linode.instances()), 0), until(lambda: len(client.volumes()), 0))
wall.delete()
print("gone", refused(client.load, Firewall, wall.id))
