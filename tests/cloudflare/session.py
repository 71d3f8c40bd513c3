"""Calls of Cloudflare's own client against the local simulator, each with its outcome on a line."""

import os

import cloudflare

client = cloudflare.Cloudflare(
    api_token="any",
    base_url=os.environ["SIMULATOR"] + "/client/v4",
    default_headers={"Host": "api.cloudflare.com"},
    max_retries=0,
)


def refused(call, **arguments):
    try:
        call(**arguments)
    except cloudflare.APIStatusError as error:
        chain = error.body["errors"][0].get("error_chain") or error.body["errors"]
        return f"{error.status_code} {chain[0]['code']}"
    return "accepted"


print("token", client.user.tokens.verify().status)
zones = client.zones.list(name="example.com").result
zone, account = zones[0].id, zones[0].account.id
print("zone", zones[0].name, zones[0].status, len(client.zones.list(name="nobody.invalid").result))
print("zone by id", client.zones.get(zone_id=zone).name)

records = client.dns.records
www = records.create(zone_id=zone, name="www.example.com", type="A", content="192.0.2.1", ttl=1, proxied=True)
apex = records.create(zone_id=zone, name="example.com", type="A", content="192.0.2.1", ttl=1, proxied=True)
print("created", www.name, www.content, www.proxied, www.ttl)
again = {"zone_id": zone, "name": "www.example.com", "type": "A", "content": "192.0.2.1", "ttl": 1}
print("identical", refused(records.create, **again))
print("beside", refused(records.create, **{**again, "type": "CNAME", "content": "example.org"}))
print("invalid", refused(records.create, **{**again, "content": "nowhere"}))
print("listed", [record.name for record in records.list(zone_id=zone, name={"exact": "www.example.com"}, type="A")])
print("paged", sorted(record.name for record in records.list(zone_id=zone, per_page=1)))

patch = {"ttl": 1, "type": "A", "content": "192.0.2.2"}
batch = records.batch(
    zone_id=zone,
    patches=[{"id": www.id, "name": www.name, **patch}, {"id": apex.id, "name": apex.name, **patch}],
)
print("switched", [record.content for record in batch.patches])
edited = records.edit(zone_id=zone, dns_record_id=www.id, name=www.name, type="A", ttl=1, comment="the shop")
print("edited", edited.content, edited.comment)
updated = records.update(
    zone_id=zone, dns_record_id=www.id, name=www.name, type="A", content="192.0.2.3", ttl=300, proxied=False
)
print("updated", updated.content, updated.ttl, updated.proxied)
records.delete(zone_id=zone, dns_record_id=apex.id)
print("deleted", refused(records.get, zone_id=zone, dns_record_id=apex.id))

balancing = client.load_balancers
monitor = balancing.monitors.create(account_id=account, type="https", path="/healthz", expected_codes="200")
pool = balancing.pools.create(
    account_id=account, name="east", monitor=monitor.id, origins=[{"name": "web", "address": "192.0.2.1"}]
)
balancer = balancing.create(
    zone_id=zone, name="app.example.com", default_pools=[pool.id], fallback_pool=pool.id, proxied=True
)
print("balancer", balancer.name, balancer.default_pools == [pool.id], balancer.steering_policy)
print("monitor", monitor.interval, monitor.timeout, monitor.retries)
print("in use", refused(balancing.pools.delete, account_id=account, pool_id=pool.id))
off = balancing.pools.edit(account_id=account, pool_id=pool.id, enabled=False)
print("disabled", off.enabled, off.origins[0].address)
balancing.delete(zone_id=zone, load_balancer_id=balancer.id)
balancing.pools.delete(account_id=account, pool_id=pool.id)
balancing.monitors.delete(account_id=account, monitor_id=monitor.id)
print("left", len(list(balancing.pools.list(account_id=account))), len(list(records.list(zone_id=zone))))
