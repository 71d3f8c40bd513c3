storage_account "files" {
  name                     = "drplanexamplefiles"
  resource_group           = resource_group.home
  account_tier             = "Standard"
  account_replication_type = "RAGRS"
}

geo_replica "files" {
  source = storage_account.files
  site   = site.west
}

resource_group "home" {
  site = site.east
}

resource_group "standby" {
  site     = site.west
  presence = "failover"
}

failover_group "web" {
  from    = site.east
  to      = site.west
  promote = []

  step "files" {
    modes               = ["forced"]
    before              = [route]
    only_if_unreachable = storage_account.files

    storage_failover {
      account = storage_account.files
    }
  }

  step "settle" {
    after = [step.files]

    wait {
      for = "30s"
    }
  }

  step "confirm" {
    on    = ["up", "drill"]
    to    = [site.west]
    after = [step.settle]

    approval {
      message = "Does the standby site serve pages?"
    }
  }

  step "warm-cache" {
    after = [step.confirm]

    command {
      program   = "sh"
      arguments = ["-c", "echo warmed"]
      within    = "2m"
    }
  }

  step "resume-scheduler" {
    after = [step.warm-cache]

    http {
      method = "PUT"
      url    = "https://scheduler.example.com/state"
      status = 204
      body   = { running = true }
    }
  }

  step "workers" {
    for_each = { import = 4, export = 2 }

    kubernetes_scale {
      cluster  = "prod"
      workload = each.key
      replicas = each.value
    }
  }

  step "shares" {
    on = ["down"]

    sync {
      from = "west"
      to   = "east"
    }
  }
}
