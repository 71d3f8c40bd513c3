//! Template deployments.

use std::fs;

use super::*;

const ONE: &str = "Microsoft.Resources/deployments/one";

/// The request body of a deployment of this template.
fn of(template: Json, parameters: Json) -> Json {
    json!({ "properties": { "mode": "Incremental", "template": template, "parameters": parameters } })
}

/// A network, a subnet that depends on it, and addresses, with common features of templates.
fn template() -> Json {
    json!({
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {
            "prefix": { "type": "string", "defaultValue": "[concat('net', '-', toLower('A'))]" },
            "count": { "type": "int" },
        },
        "variables": { "range": "10.0.0.0/16", "net": "[format('{0}-x', parameters('prefix'))]" },
        "resources": [
            {
                "type": "Microsoft.Network/virtualNetworks/subnets",
                "apiVersion": "2021-05-01",
                "name": "[format('{0}/{1}', variables('net'), 'front')]",
                "dependsOn": ["[resourceId('Microsoft.Network/virtualNetworks', variables('net'))]"],
                "properties": { "addressPrefixes": ["[cidrSubnet(variables('range'), 24, 1)]"] },
            },
            {
                "type": "Microsoft.Network/virtualNetworks",
                "apiVersion": "2021-05-01",
                "name": "[variables('net')]",
                "location": "[resourceGroup().location]",
                "tags": { "what": "[[not an expression]" },
                "properties": { "addressSpace": { "addressPrefixes": ["[variables('range')]"] } },
            },
            {
                "type": "Microsoft.Network/publicIPAddresses",
                "apiVersion": "2021-05-01",
                "name": "[concat('ip', copyIndex(1))]",
                "copy": { "name": "addresses", "count": "[parameters('count')]" },
                "location": "canadacentral",
                "sku": { "name": "Standard" },
                "tags": { "range": "[reference(variables('net')).addressSpace.addressPrefixes[0]]" },
                "properties": { "publicIPAllocationMethod": "Static" },
            },
            {
                "type": "Microsoft.Network/publicIPAddresses",
                "apiVersion": "2021-05-01",
                "condition": "[greater(parameters('count'), 7)]",
                "name": "unwanted",
                "location": "canadacentral",
                "properties": { "publicIPAllocationMethod": "Static" },
            },
        ],
        "outputs": {
            "address": { "type": "string", "value": "[reference(resourceId('Microsoft.Network/publicIPAddresses', 'ip2')).ipAddress]" },
        },
    })
}

#[tokio::test]
async fn resource_is_written_after_its_dependencies() {
    let cloud = TestCloud::with_group().await;
    let deployment = of(template(), json!({ "count": { "value": 2 } }));
    let begun = cloud.put(ONE, deployment).await;
    assert_eq!((begun.status, begun.state()), (201, "Accepted"), "{}", begun.body);
    let status = begun.link("azure-asyncoperation");
    assert_eq!(cloud.get(&status).await.body["status"], "Running");
    assert_eq!(cloud.get("Microsoft.Network/publicIPAddresses/ip1").await.status, 404, "it depends on the network");

    cloud.pass(600);
    assert_eq!(cloud.get(&status).await.body["status"], "Succeeded");
    let net = cloud.get("Microsoft.Network/virtualNetworks/net-a-x").await.body;
    assert_eq!((&net["tags"]["what"], &net["location"]), (&json!("[not an expression]"), &json!("canadacentral")));
    assert_eq!(net["properties"]["subnets"][0]["properties"]["addressPrefixes"], json!(["10.0.1.0/24"]));
    let address = cloud.get("Microsoft.Network/publicIPAddresses/ip2").await.body;
    assert_eq!(address["tags"]["range"], "10.0.0.0/16");
    assert_eq!(cloud.get("Microsoft.Network/publicIPAddresses/unwanted").await.status, 404);

    let done = cloud.get(ONE).await.body;
    assert_eq!(done["properties"]["outputs"]["address"]["value"], address["properties"]["ipAddress"]);
    assert_eq!(done["properties"]["outputResources"].as_array().unwrap().len(), 4);
    let operations = cloud.get(&format!("{ONE}/operations")).await.body;
    let created = operations["value"].as_array().unwrap().iter();
    let created = created.filter(|operation| operation["properties"]["statusCode"] == "Created").count();
    assert_eq!(created, 4, "{operations}");
    let shorter = cloud.get("deployments/one/operations").await.body;
    assert_eq!(shorter, operations, "the path without the provider");
    assert_eq!(cloud.get("Microsoft.Resources/deployments").await.body["value"].as_array().unwrap().len(), 1);
    assert_eq!(
        cloud.simulator.show().requests["PUT"],
        2,
        "only the group and the deployment count against the caller's limit"
    );
}

#[tokio::test]
async fn what_if_reports_changes_and_makes_none() {
    let cloud = TestCloud::with_group().await;
    let deployment = of(template(), json!({ "count": { "value": 1 } }));
    let kinds = |answer: &TestResponse| -> Vec<String> {
        let changes = answer.body["properties"]["changes"].as_array().expect("changes");
        changes.iter().map(|change| change["changeType"].as_str().unwrap().to_owned()).collect()
    };
    let foreseen = cloud.ask("POST", &format!("{ONE}/whatIf"), Some(deployment.clone()), &[]).await;
    assert_eq!((foreseen.status, kinds(&foreseen)), (200, vec!["Create".to_owned(); 3]), "{}", foreseen.body);
    assert_eq!(cloud.get(ONE).await.code(), (404, "DeploymentNotFound"));

    cloud.put(ONE, deployment.clone()).await;
    cloud.pass(600);
    cloud
        .made(
            "Microsoft.Network/publicIPAddresses/other",
            json!({ "location": "canadacentral", "properties": { "publicIPAllocationMethod": "Static" } }),
        )
        .await;
    let mut changed = deployment;
    changed["properties"]["template"]["resources"][1]["tags"]["what"] = json!("something");
    changed["properties"]["template"]["resources"][2]["tags"]["range"] = json!("10.0.0.0/16");
    let foreseen = cloud.ask("POST", &format!("{ONE}/whatIf"), Some(changed), &[]).await;
    assert_eq!(kinds(&foreseen), ["NoChange", "Modify", "NoChange", "Ignore"], "{}", foreseen.body);
    assert_eq!(foreseen.body["properties"]["changes"][1]["delta"][0]["path"], "tags.what");
}

#[tokio::test]
async fn failure_stops_only_waiting_resources() {
    let cloud = TestCloud::with_group().await;
    let fault =
        r#"[{"fault": "fail", "code": "QuotaExceeded", "on": {"verb": "PUT", "path": "*/virtualNetworks/net-a-x"}}]"#;
    crate::simulator::parse_faults(fault, crate::providers::dialects())
        .unwrap()
        .into_iter()
        .for_each(|fault| cloud.simulator.add_fault(fault).unwrap());
    let mut template = template();
    template["resources"][2]["tags"] = json!({});
    let begun = cloud.put(ONE, of(template, json!({ "count": { "value": 2 } }))).await;
    cloud.pass(600);
    let status = cloud.get(&begun.link("azure-asyncoperation")).await.body;
    assert_eq!(status["status"], "Failed");
    assert_eq!(status["error"]["details"][0]["code"], "QuotaExceeded", "{status}");
    assert_eq!(cloud.get("Microsoft.Network/publicIPAddresses/ip2").await.state(), "Succeeded");
    let operations = cloud.get(&format!("{ONE}/operations")).await.body;
    let states: Vec<&str> = operations["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["properties"]["provisioningState"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["Failed", "Succeeded", "Succeeded"], "the subnet was not started");
}

#[tokio::test]
async fn nested_deployments_succeed() {
    let cloud = TestCloud::with_group().await;
    let mut inner = template();
    inner["parameters"]["secret"] = json!({ "type": "secureString" });
    let whole = json!({
        "parameters": { "word": { "type": "secureString" } },
        "resources": [
            { "type": "Microsoft.Resources/resourceGroups", "apiVersion": "2021-04-01", "name": "other", "location": "canadaeast" },
            {
                "type": "Microsoft.Resources/deployments",
                "apiVersion": "2021-04-01",
                "name": "inner",
                "resourceGroup": "other",
                "dependsOn": ["other"],
                "properties": {
                    "mode": "Incremental",
                    "expressionEvaluationOptions": { "scope": "inner" },
                    "parameters": { "count": { "value": 2 }, "secret": { "value": "[parameters('word')]" } },
                    "template": inner,
                },
            },
        ],
        "outputs": { "address": { "type": "string", "value": "[reference('inner').outputs.address.value]" } },
    });
    let path = format!("/subscriptions/{SUBSCRIPTION}/providers/{ONE}");
    let mut body = of(whole, json!({ "word": { "value": "Tr0ub4dor" } }));
    assert_eq!(cloud.put(&path, body.clone()).await.code(), (400, "LocationRequired"));
    body["location"] = json!("canadacentral");
    let foreseen = cloud.ask("POST", &format!("{path}/whatIf"), Some(body.clone()), &[]).await;
    assert!(foreseen.body.to_string().contains("Create"), "{}", foreseen.body);
    assert_eq!(cloud.put(&path, body).await.status, 201);
    cloud.pass(600);
    let done = cloud.get(&path).await;
    assert_eq!(done.state(), "Succeeded", "{}", done.body);
    let other = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/other/providers");
    let inner = cloud.get(&format!("{other}/Microsoft.Resources/deployments/inner")).await.body;
    assert!(!inner.to_string().contains("Tr0ub4dor") && !done.body.to_string().contains("Tr0ub4dor"));
    let address = cloud.get(&format!("{other}/Microsoft.Network/publicIPAddresses/ip2")).await.body;
    assert_eq!(done.body["properties"]["outputs"]["address"]["value"], address["properties"]["ipAddress"]);
}

#[tokio::test]
async fn invalid_template_is_refused_before_any_write() {
    let cloud = TestCloud::with_group().await;
    let resource = |more: Json| {
        let mut one = json!({ "type": "Microsoft.Network/publicIPAddresses", "apiVersion": "2021-05-01", "name": "a", "location": "canadacentral" });
        one.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        one
    };
    let many = json!({ "copy": { "name": "many", "count": 800 }, "name": "[concat('ip', copyIndex())]" });
    for (resources, said) in [
        (json!([resource(json!({ "name": "[parameters('missing')]" }))]), "no parameter `missing`"),
        (json!([resource(json!({ "name": "[concat('a']" }))]), "expected `"),
        (json!([resource(json!({ "dependsOn": ["other"] }))]), "'other' that"),
        (json!([resource(json!({})), resource(json!({}))]), "defined multiple times"),
        (json!([resource(many), resource(json!({}))]), "exceeds the limit of '800'"),
        (json!([resource(json!({ "name": "a/b" }))]), "as many segments"),
        (
            json!([
                resource(json!({ "name": "a", "dependsOn": ["b"] })),
                resource(json!({ "name": "b", "dependsOn": ["a"] }))
            ]),
            "circular",
        ),
    ] {
        let answer = cloud.put(ONE, of(json!({ "resources": resources }), json!({}))).await;
        assert_eq!(answer.code(), (400, "InvalidTemplate"), "{resources}");
        assert!(answer.message().contains(said), "{}", answer.message());
    }
    let doubled =
        (1..30).map(|n| (format!("v{n}"), json!(format!("[concat(variables('v{0}'), variables('v{0}'))]", n - 1))));
    let variables: serde_json::Map<String, Json> = doubled.chain([("v0".to_owned(), json!("x"))]).collect();
    let bomb = json!({ "variables": variables, "resources": [resource(json!({ "name": "[variables('v29')]" }))] });
    assert!(cloud.put(ONE, of(bomb, json!({}))).await.message().contains("exceed the evaluation limit"));
    let given = cloud.put(ONE, of(template(), json!({ "count": { "value": "two" } }))).await;
    assert!(given.message().contains("has the type 'int', but its value is a string"), "{}", given.message());
    let unknown = json!({ "resources": [{ "type": "Web/sites", "apiVersion": "2021-05-01", "name": "a" }] });
    assert_eq!(cloud.put(ONE, of(unknown, json!({}))).await.code(), (404, "InvalidResourceNamespace"));
    let mut complete = of(template(), json!({}));
    complete["properties"]["mode"] = json!("Whole");
    assert!(cloud.put(ONE, complete).await.message().contains("must be 'Incremental' or 'Complete'"));
}

#[tokio::test]
async fn running_deployment_is_immutable_until_cancelled() {
    let cloud = TestCloud::with_group().await;
    let body = || of(template(), json!({ "count": { "value": 1 } }));
    cloud.put(ONE, body()).await;
    assert_eq!(cloud.put(ONE, body()).await.code(), (409, "DeploymentActive"));
    assert_eq!(cloud.delete(ONE).await.code(), (409, "DeploymentActive"));
    assert_eq!(cloud.ask("POST", &format!("{ONE}/cancel"), None, &[]).await.status, 204);
    cloud.pass(600);
    assert_eq!(cloud.get(ONE).await.state(), "Canceled");
    assert_eq!(
        cloud.get("Microsoft.Network/virtualNetworks/net-a-x").await.state(),
        "Succeeded",
        "it was already started"
    );
    assert_eq!(cloud.get(SUBNET).await.status, 404);
    assert_eq!(cloud.delete(ONE).await.status, 204);
    assert_eq!(cloud.get(ONE).await.status, 404);
}

#[tokio::test]
async fn deployment_interrupted_by_a_kill_stores_no_secret_and_can_be_repeated() {
    let dir = tempfile::tempdir().unwrap();
    let open = |dir: &std::path::Path| {
        let clock = Arc::new(ManualClock(AtomicI64::new(START.as_second())));
        let simulator = Simulator::open(crate::providers::dialects(), dir, None, clock.clone()).unwrap();
        clock.0.store(simulator.now().as_second(), Ordering::Relaxed);
        TestCloud { simulator, clock }
    };
    let first = open(dir.path());
    first.put("", json!({ "location": "canadacentral" })).await;
    let mut template = template();
    template["parameters"]["word"] = json!({ "type": "secureString" });
    template["resources"][3]["tags"] = json!({ "word": "[parameters('word')]" });
    let given = json!({ "count": { "value": 2 }, "word": { "value": "Tr0ub4dor" } });
    first.put(ONE, of(template.clone(), given.clone())).await;
    // The files after a kill.
    let copy = tempfile::tempdir().unwrap();
    fs::copy(dir.path().join("world.jsonl"), copy.path().join("world.jsonl")).unwrap();
    drop(first);
    for dir in [dir.path(), copy.path()] {
        let second = open(dir);
        let log = fs::read_to_string(dir.join("world.jsonl")).unwrap();
        assert!(log.contains("deployments/one") && !log.contains("Tr0ub4dor"));
        second.pass(600);
        // The process lost the value of the secure parameter, which the resource needs.
        assert_eq!(second.get(ONE).await.state(), "Failed");
        assert_eq!(second.put(ONE, of(template.clone(), given.clone())).await.status, 200);
        second.pass(600);
        let again = second.get(ONE).await;
        assert_eq!(again.state(), "Succeeded", "{}", again.body);
    }
}

#[tokio::test]
async fn template_in_the_azure_clis_json_dialect_is_accepted() {
    let cloud = TestCloud::with_group().await;
    let ask = async |body: String| {
        let uri = format!("{}?api-version=2021-04-01", id(ONE));
        let request = HttpRequest::builder().method("PUT").uri(uri).body(Body::from(body)).unwrap();
        cloud.simulator.router().oneshot(request).await.unwrap().status().as_u16()
    };
    let sent = "{\"properties\": {\"mode\": \"incremental\", template:{ // nothing yet\n \"resources\": [] }}}";
    assert_eq!(ask(sent.to_owned()).await, 201);
    assert_eq!(ask("{a:".repeat(100_000)).await, 400, "nested too deeply");
}

/// Outputs of a deployment of this template.
async fn outputs(cloud: &TestCloud, template: Json, parameters: Json) -> Json {
    cloud.put(ONE, of(template, parameters)).await;
    cloud.pass(600);
    let done = cloud.get(ONE).await.body;
    assert_eq!(done["properties"]["provisioningState"], "Succeeded", "{done}");
    let outputs = done["properties"]["outputs"].as_object().unwrap().clone();
    outputs.into_iter().map(|(name, output)| (name, output["value"].clone())).collect::<serde_json::Map<_, _>>().into()
}

#[tokio::test]
async fn loops_own_functions_and_lambdas_give_azures_values() {
    let cloud = TestCloud::with_group().await;
    let template = json!({
        "languageVersion": "2.0",
        "definitions": { "place": { "type": "object", "properties": { "name": { "type": "string" }, "rank": { "type": "int", "nullable": true } } } },
        "parameters": {
            "places": { "type": "array", "items": { "$ref": "#/definitions/place" }, "defaultValue": [{ "name": "b", "rank": 2 }, { "name": "a" }, { "name": "b2", "rank": 1 }] },
            "id": { "type": "string", "defaultValue": "[newGuid()]" },
            "day": { "type": "string", "defaultValue": "[utcNow('yyyy')]" },
        },
        "functions": [{ "namespace": "own", "members": {
            "twice": { "parameters": [{ "name": "n", "type": "string" }], "output": { "type": "string", "value": "[concat(parameters('n'), parameters('n'))]" } },
            "four": { "parameters": [{ "name": "n", "type": "string" }], "output": { "type": "string", "value": "[own.twice(own.twice(parameters('n')))]" } },
        } }],
        "variables": {
            "copy": [{ "name": "names", "count": 2, "input": "[format('n{0}', copyIndex('names', 1))]" }],
            "inner": { "copy": [{ "name": "list", "count": 2, "input": "[copyIndex('list')]" }] },
        },
        "resources": { "group": { "existing": true, "type": "Microsoft.Resources/resourceGroups", "apiVersion": "2022-09-01", "name": "[resourceGroup().name]" } },
        "outputs": {
            "names": { "type": "array", "value": "[variables('names')]" },
            "inner": { "type": "array", "value": "[variables('inner').list]" },
            "squares": { "type": "array", "copy": { "count": 3, "input": "[mul(copyIndex(), copyIndex())]" } },
            "four": { "type": "string", "value": "[own.four('x')]" },
            "length": { "type": "int", "value": "[length(parameters('id'))]" },
            "year": { "type": "int", "value": "[length(parameters('day'))]" },
            "object": { "type": "object", "value": "[toObject(parameters('places'), lambda('p', lambdaVariables('p').name), lambda('p', coalesce(tryGet(lambdaVariables('p'), 'rank'), 0)))]" },
            "sorted": { "type": "array", "value": "[map(sort(parameters('places'), lambda('x', 'y', less(coalesce(tryGet(lambdaVariables('x'), 'rank'), 0), coalesce(tryGet(lambdaVariables('y'), 'rank'), 0)))), lambda('p', lambdaVariables('p').name))]" },
            "sum": { "type": "int", "value": "[reduce(createArray(1, 2, 3), 10, lambda('so', 'n', add(lambdaVariables('so'), lambdaVariables('n'))))]" },
            "groups": { "type": "array", "value": "[objectKeys(groupBy(parameters('places'), lambda('p', take(lambdaVariables('p').name, 1))))]" },
            "mode": { "type": "string", "value": "[deployment().properties.mode]" },
            "where": { "type": "string", "value": "[reference('group', '2022-09-01', 'full').location]" },
        },
    });
    let given = outputs(&cloud, template, json!({})).await;
    assert_eq!(
        given,
        json!({
            "names": ["n1", "n2"], "inner": [0, 1], "squares": [0, 1, 4], "four": "xxxx", "length": 36, "year": 4,
            "object": { "b": 2, "a": 0, "b2": 1 }, "sorted": ["a", "b2", "b"], "sum": 16, "groups": ["a", "b"],
            "mode": "Incremental", "where": "canadacentral",
        })
    );
}

#[tokio::test]
async fn parameters_beyond_their_limits_are_refused() {
    let cloud = TestCloud::with_group().await;
    let template = json!({ "parameters": { "n": { "type": "int", "maxValue": 3 } }, "resources": [] });
    let refused = cloud.put(ONE, of(template, json!({ "n": { "value": 9 } }))).await;
    assert_eq!(refused.code(), (400, "InvalidTemplate"), "{}", refused.body);
    let outside = json!({ "resources": [], "variables": { "x": "[newGuid()]" }, "outputs": { "x": { "type": "string", "value": "[variables('x')]" } } });
    cloud.put(ONE, of(outside, json!({}))).await;
    cloud.pass(60);
    assert_eq!(cloud.get(ONE).await.body["properties"]["provisioningState"], "Failed");
}

#[tokio::test]
async fn complete_deployment_deletes_what_it_does_not_name() {
    let cloud = TestCloud::with_group().await;
    cloud.put(ONE, of(template(), json!({ "count": { "value": 2 } }))).await;
    cloud.pass(600);
    let network = json!({
        "type": "Microsoft.Network/virtualNetworks", "apiVersion": "2021-05-01", "name": "net-a-x",
        "location": "canadacentral", "properties": { "addressSpace": { "addressPrefixes": ["10.0.0.0/16"] } },
    });
    let mut body = of(json!({ "resources": [network] }), json!({}));
    body["properties"]["mode"] = json!("Complete");
    let foreseen = cloud.ask("POST", &format!("{ONE}/whatIf"), Some(body.clone()), &[]).await.body;
    let deleted = foreseen["properties"]["changes"].as_array().unwrap().iter();
    assert_eq!(deleted.filter(|change| change["changeType"] == "Delete").count(), 2, "{foreseen}");
    cloud.put(ONE, body).await;
    cloud.pass(600);
    let done = cloud.get(ONE).await.body;
    assert_eq!(
        (&done["properties"]["mode"], &done["properties"]["provisioningState"]),
        (&json!("Complete"), &json!("Succeeded")),
        "{done}"
    );
    assert_eq!(cloud.get("Microsoft.Network/virtualNetworks/net-a-x").await.status, 200);
    assert_eq!(cloud.get("Microsoft.Network/publicIPAddresses/ip1").await.status, 404);
}
