//! Autoscale setting of Azure Monitor: changes the number of a scale set's machines by rules and schedules.

use crate::providers::azure::ids::AzureId;
use serde_json::Value as Json;

use crate::kinds::path;
use crate::kinds::table::*;
use crate::object::ObjectId;
use crate::providers::azure::tags::TAGS;
use crate::value::{Map, Value};

const PROFILES: &str = "properties.profiles";
const NOTIFICATION: &str = "properties.notifications[0]";

/// Number of machines: a number in the stack, a string in the body.
const fn machines(name: &'static str, doc: &'static str) -> Arg {
    arg(name, Ty::Integer(0, 1000), "", doc).required().wire(Wire::Text(name))
}

static PROFILE: Block = Block {
    args: &[
        arg("name", Ty::String, "name", "Name of the profile.").required(),
        arg("capacity", Ty::Block(&CAPACITY), "capacity", "Limits of the number of machines.").required(),
        arg("rule", Ty::Block(&RULE), "rules", "Rule that changes the number of machines, at most ten."),
        arg("fixed_date", Ty::Block(&FIXED_DATE), "fixedDate", "Period in which the profile is in effect."),
        arg("recurrence", Ty::Block(&RECURRENCE), "recurrence", "Times of the week at which the profile begins."),
    ],
    min: 1,
    max: 20,
    key: "name",
};

static CAPACITY: Block = Block::one(&[
    machines("minimum", "Minimum number of machines."),
    machines("maximum", "Maximum number of machines."),
    machines("default", "Number of machines while Azure Monitor cannot read the metrics."),
])
.at_least_one();

static RULE: Block = Block {
    args: &[
        arg("metric_trigger", Ty::Block(&METRIC_TRIGGER), "metricTrigger", "Condition of the rule.").required(),
        arg("scale_action", Ty::Block(&SCALE_ACTION), "scaleAction", "Change of the number of machines.").required(),
    ],
    min: 0,
    max: 10,
    key: "",
};

static METRIC_TRIGGER: Block = Block::one(&[
    arg("metric_name", Ty::String, "metricName", "Name of the metric, as in `Percentage CPU`.").required(),
    arg("metric_namespace", Ty::String, "metricNamespace", "Namespace of the metric."),
    arg(
        "metric_resource",
        Ty::Ref(&[]),
        "metricResourceUri",
        "Resource of the metric: the scale set, or another whose load decides.",
    )
    .required(),
    arg(
        "operator",
        Ty::Enum(&["Equals", "NotEquals", "GreaterThan", "GreaterThanOrEqual", "LessThan", "LessThanOrEqual"]),
        "operator",
        "Comparison of the metric with `threshold`.",
    )
    .required(),
    arg(
        "statistic",
        Ty::Enum(&["Average", "Max", "Min", "Sum"]),
        "statistic",
        "Combination of the values of several machines.",
    )
    .required(),
    arg(
        "time_aggregation",
        Ty::Enum(&["Average", "Count", "Maximum", "Minimum", "Last", "Total"]),
        "timeAggregation",
        "Combination of the values within `time_window`.",
    )
    .required(),
    arg("time_grain", Ty::Duration, "timeGrain", "Interval of the metric's values, 1 minute to 12 hours.").required(),
    arg("time_window", Ty::Duration, "timeWindow", "Time over which values are combined, 5 minutes to 12 hours.")
        .required(),
    arg("threshold", Ty::Number(-1e15, 1e15), "threshold", "Value of the metric at which the rule acts.").required(),
    arg("dimensions", Ty::Block(&DIMENSIONS), "dimensions", "Dimension of the metric to select by."),
    arg("divide_by_instance_count", Ty::Bool, "dividePerInstance", "Divide the metric by the number of machines."),
])
.at_least_one();

static DIMENSIONS: Block = Block::many(
    "name",
    &[
        arg("name", Ty::String, "DimensionName", "Name of the dimension.").required(),
        arg("operator", Ty::Enum(&["Equals", "NotEquals"]), "Operator", "Comparison with `values`.").required(),
        arg("values", Ty::List(&Ty::String), "Values", "Values of the dimension.").required(),
    ],
);

static SCALE_ACTION: Block = Block::one(&[
    arg("direction", Ty::Enum(&["Increase", "Decrease"]), "direction", "Direction of the change.").required(),
    arg(
        "type",
        Ty::Enum(&["ChangeCount", "ExactCount", "PercentChangeCount", "ServiceAllowedNextValue"]),
        "type",
        "Unit of `value`.",
    )
    .required(),
    arg("value", Ty::Integer(0, 1000), "", "Number or percentage of machines to add or remove, or their new number.")
        .required()
        .wire(Wire::Text("value")),
    arg("cooldown", Ty::Duration, "cooldown", "Time until the next change, 1 minute to 1 week.").required(),
])
.at_least_one();

static FIXED_DATE: Block = Block::one(&[
    arg("start", Ty::String, "start", "Beginning of the period, as in `2030-11-29T00:00:00Z`.").required(),
    arg("end", Ty::String, "end", "End of the period.").required(),
    arg("timezone", Ty::String, "timeZone", "Time zone, by its name in Windows.").default(Lit::Str("UTC")),
]);

static RECURRENCE: Block = Block::one(&[
    arg(
        "days",
        Ty::List(&Ty::Enum(&["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"])),
        "schedule.days",
        "Days of the week.",
    )
    .required(),
    arg("hours", Ty::List(&Ty::Integer(0, 23)), "schedule.hours", "Hour of the day, in a list of one.").required(),
    arg("minutes", Ty::List(&Ty::Integer(0, 59)), "schedule.minutes", "Minute of the hour, in a list of one.")
        .required(),
    arg("timezone", Ty::String, "schedule.timeZone", "Time zone, by its name in Windows.").default(Lit::Str("UTC")),
]);

static PREDICTIVE: Block = Block::one(&[
    arg(
        "scale_mode",
        Ty::Enum(&["Enabled", "ForecastOnly"]),
        "scaleMode",
        "`Enabled` adds machines before a predicted load, `ForecastOnly` shows the prediction.",
    )
    .required(),
    arg(
        "look_ahead_time",
        Ty::Duration,
        "scaleLookAheadTime",
        "Time before the predicted load at which machines are added, 1 minute to 1 hour.",
    ),
]);

static NOTIFICATIONS: Block = Block::one(&[
    arg("email", Ty::Block(&EMAIL), "email", "Notification by email."),
    arg("webhook", Ty::Block(&WEBHOOK), "webhooks", "Notification of a URL."),
]);

static EMAIL: Block = Block::one(&[
    arg("custom_emails", Ty::List(&Ty::String), "customEmails", "Addresses of the recipients."),
    arg(
        "send_to_subscription_administrator",
        Ty::Bool,
        "sendToSubscriptionAdministrator",
        "Send to the administrator of the subscription.",
    )
    .default(Lit::Bool(false)),
    arg(
        "send_to_subscription_co_administrator",
        Ty::Bool,
        "sendToSubscriptionCoAdministrators",
        "Send to the co-administrators of the subscription.",
    )
    .default(Lit::Bool(false)),
]);

static WEBHOOK: Block = Block::many(
    "service_uri",
    &[
        arg("service_uri", Ty::String, "serviceUri", "URL that receives the notification.").required(),
        arg("properties", Ty::Map(&Ty::String), "properties", "Further properties of the notification."),
    ],
);

/// Table of `monitor_autoscale_setting`.
pub static KIND: Kind = Kind {
    name: "monitor_autoscale_setting",
    about: "Autoscale setting: changes the number of a scale set's machines by rules and schedules. A failover run \
     disables it while it stops the scale set.",
    type_: KindType { name: "Microsoft.Insights/autoscaleSettings", version: "2022-10-01" },
    names: NameRule::new(
        1,
        260,
        r"^[^*#&+:<>?@%{}/\\]+$",
        r"any characters except `*`, `#`, `&`, `+`, `:`, `<`, `>`, `?`, `@`, `%`, `{`, `}`, `/` and `\`",
    ),
    args: &[
        RESOURCE_GROUP,
        arg(
            "target_resource",
            Ty::Ref(&[]),
            "properties.targetResourceUri",
            "Scale set, or other resource, whose machines the setting adds and removes.",
        )
        .required()
        .replace(),
        arg("enabled", Ty::Bool, "properties.enabled", "Enable the setting.").default(Lit::Bool(true)),
        arg("profile", Ty::Block(&PROFILE), PROFILES, "Profile: limits and rules, always or at certain times.")
            .required(),
        arg(
            "predictive",
            Ty::Block(&PREDICTIVE),
            "properties.predictiveAutoscalePolicy",
            "Prediction of the load from its history.",
        ),
        arg("notification", Ty::Block(&NOTIFICATIONS), NOTIFICATION, "Notification of every change."),
        TAGS,
    ],
    // azurerm knows the type by another case, and reads no other.
    terraform: Terraform {
        imported: Some(|ids, _| {
            let id = |id: &&ObjectId| {
                let (scope, name) = (id.scope()?, id.name());
                Some(format!("{scope}/providers/Microsoft.Insights/autoScaleSettings/{name}"))
            };
            ids.iter().filter_map(id).collect()
        }),
        ..Terraform::BY_RULE
    },
    // A copy keeps the number of machines that the drill is about.
    drill: Drill { rewrites: Some(rehearsed), ..Drill::STOOD_UP },
    durations: Durations { create: 3, update: 3, delete: 3 },
    in_use: "",
    run_moves: &["enabled"],
    // It would start machines again that a run has stopped.
    moves: Moves { quiesce: Some(("enabled", Lit::Bool(false))), ..Moves::NONE },
    odd: Overrides { encode: Some(encode), check: Some(check), ..Overrides::NONE },
    simulated: SimulatedBehaviour {
        accepts: &[
            "properties.name",
            "properties.notifications[].operation",
            "properties.profiles[].recurrence.frequency",
            "properties.profiles[].rules[].metricTrigger.metricResourceLocation",
            "properties.targetResourceLocation",
        ],
        spared: &["properties.notifications"],
        ..SimulatedBehaviour::NONE
    },
    example: r#"
resource_group "example" {
  site = site.east
}

virtual_network "example" {
  resource_group = resource_group.example
  address_space  = ["10.10.0.0/16"]
}

subnet "example" {
  virtual_network  = virtual_network.example
  address_prefixes = ["10.10.1.0/24"]
}

linux_virtual_machine_scale_set "example" {
  resource_group = resource_group.example
  sku            = "Standard_D2s_v5"
  instances      = 2
  admin_username = "operator"

  admin_ssh_key {
    username   = "operator"
    public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleE example"
  }

  source_image_reference {
    publisher = "Canonical"
    offer     = "ubuntu-24_04-lts"
    sku       = "server"
    version   = "24.04.202506060"
  }

  os_disk {
    caching              = "ReadWrite"
    storage_account_type = "Premium_LRS"
  }

  network_interface {
    name    = "nic"
    primary = true

    ip_configuration {
      name    = "internal"
      primary = true
      subnet  = subnet.example
    }
  }
}

monitor_autoscale_setting "example" {
  resource_group  = resource_group.example
  target_resource = linux_virtual_machine_scale_set.example

  profile {
    name = "default"

    capacity {
      minimum = 2
      default = 2
      maximum = 6
    }

    rule {
      metric_trigger {
        metric_name      = "Percentage CPU"
        metric_resource  = linux_virtual_machine_scale_set.example
        operator         = "GreaterThan"
        statistic        = "Average"
        time_aggregation = "Average"
        time_grain       = "1m"
        time_window      = "5m"
        threshold        = 75
      }

      scale_action {
        direction = "Increase"
        type      = "ChangeCount"
        value     = 1
        cooldown  = "1m"
      }
    }
  }
}
"#,
    ..crate::providers::azure::KIND
};

fn encode(_: &Subject<'_>, bodies: &mut [Json]) {
    for body in bodies {
        for profile in path::borrow_mut(body, PROFILES).and_then(Json::as_array_mut).into_iter().flatten() {
            // Azure requires the list of rules, also for a profile that only sets the number of machines.
            path::fill(profile, "rules", Vec::<Json>::new());
            if path::borrow(profile, "recurrence").is_some() {
                path::put(profile, "recurrence.frequency", Json::from("Week"));
            }
        }
        for notification in
            path::borrow_mut(body, "properties.notifications").and_then(Json::as_array_mut).into_iter().flatten()
        {
            path::put(notification, "operation", Json::from("Scale"));
        }
    }
}

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    for profile in subject.args.get("profile").and_then(Json::as_array).into_iter().flatten() {
        let number = |name: &str| path::borrow(profile, "capacity").and_then(|capacity| capacity.get(name)?.as_i64());
        let name = path::text(profile, "name").unwrap_or_default();
        if let (Some(least), Some(usual), Some(most)) = (number("minimum"), number("default"), number("maximum"))
            && !(least..=most).contains(&usual)
        {
            findings.push(Finding {
                argument: "profile",
                summary: format!("the capacity of `{name}` is out of order: {least}, {usual}, {most}"),
                why: "Azure requires `minimum` ≤ `default` ≤ `maximum`.".to_owned(),
                help: "Change one of the three.".to_owned(),
            });
        }
        if profile.get("fixed_date").is_some() && profile.get("recurrence").is_some() {
            findings.push(Finding {
                argument: "profile",
                summary: format!("the profile `{name}` has a date and a recurrence"),
                why: String::new(),
                help: "Remove `fixed_date` or `recurrence`.".to_owned(),
            });
        }
    }
}

fn rehearsed(args: &mut Map) {
    args.insert("enabled".into(), Value::from(false));
}
