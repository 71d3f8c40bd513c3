# A render farm with its own images: Linux machines render, Windows machines schedule. Every version of an image is copied to two
# further sites in advance, so that a failover can create scale sets there at once.

stack "images" {
  description = "Images copied to two sites, and scale sets made from them"
  tags        = { workload = "render" }

  objectives {
    rto = "4h" # the failover of a storage account may take this long
  }

  accept "not-replicated" {
    reason = "the disk is the source of an image that is no longer used"
  }

  accept "public-access" {
    reason = "frames are read from everywhere"
  }

  accept "forced-at-lost-site" {
    reason = "lost frames are rendered again, and the farm can wait for the region"
  }

  accept "single-lever" {
    reason = "a render farm has no users: it fetches its work"
  }

  accept "no-fence" {
    reason = "frames have one writer, the scheduler, which is stopped first"
  }
}

variable "admin_ssh_key" {
  type      = string
  sensitive = true
}

variable "windows_password" {
  type      = string
  sensitive = true
}

variable "versions" {
  type        = map(string)
  default     = { linux = "2.4.1", windows = "1.9.0" }
  description = "The version of each image that is rolled out"
}

locals {
  build = "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/build"

  # Another team manages the networks: refer to them by id.
  subnets = {
    home     = "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/network/providers/Microsoft.Network/virtualNetworks/render-uksouth/subnets/render"
    recovery = "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/network/providers/Microsoft.Network/virtualNetworks/render-ukwest/subnets/render"
  }
}

site "home" {
  provider = "azure"
  location = "uksouth"
}

site "recovery" {
  provider = "azure"
  location = "ukwest"
}

site "lab" {
  provider = "azure"
  location = "northeurope"
}

resource_group "render-home" {
  site = site.home
}

resource_group "render-recovery" {
  site = site.recovery
}

resource_group "render-lab" {
  site = site.lab
}

resource_group "render-failover" {
  site     = site.recovery
  presence = "failover"
}

# ── Images ───────────────────────────────────────────────────────────────────

shared_image_gallery "home" {
  name           = "renderhome"
  resource_group = resource_group.render-home
  description    = "Gallery of published images"
}

shared_image_gallery "copies" {
  for_each       = { recovery = resource_group.render-recovery, lab = resource_group.render-lab }
  name           = "render${each.key}"
  resource_group = each.value
}

shared_image "render" {
  for_each           = { linux = "Linux", windows = "Windows" }
  name               = each.key
  gallery            = shared_image_gallery.home
  os_type            = each.value
  hyper_v_generation = "V2"

  identifier {
    publisher = "contoso"
    offer     = "render"
    sku       = each.key
  }
}

shared_image_version "render" {
  for_each      = var.versions
  name          = each.value
  image         = shared_image.render[each.key]
  managed_image = "${local.build}/providers/Microsoft.Compute/images/${each.key}-${each.value}"
}

image_copy "recovery" {
  for_each = shared_image_version.render
  source   = each.value
  gallery  = shared_image_gallery.copies["recovery"]
}

image_copy "lab" {
  for_each = shared_image_version.render
  source   = each.value
  gallery  = shared_image_gallery.copies["lab"]
}

# The former scheduler, kept as a managed image.
managed_disk "scheduler-2019" {
  resource_group       = resource_group.render-home
  storage_account_type = "Standard_LRS"
  create_option        = "Empty"
  os_type              = "Windows"
  disk_size_gb         = 127

  public_network_access_enabled = false
}

image "scheduler-2019" {
  resource_group     = resource_group.render-home
  hyper_v_generation = "V1"

  os_disk {
    os_type      = "Windows"
    os_state     = "Generalized"
    managed_disk = managed_disk.scheduler-2019
    storage_type = "Standard_LRS"
    caching      = "ReadWrite"
  }
}

# ── Data ─────────────────────────────────────────────────────────────────────

storage_account "frames" {
  name                     = "drplanrenderframes"
  resource_group           = resource_group.render-home
  account_tier             = "Standard"
  account_replication_type = "RAGRS"
}

geo_replica "frames" {
  source = storage_account.frames
  site   = site.recovery
}

storage_share "scenes" {
  storage_account = storage_account.frames
  quota           = 500
}

# ── Scale sets ───────────────────────────────────────────────────────────────

linux_virtual_machine_scale_set "render" {
  resource_group = resource_group.render-home
  sku            = "Standard_F8s_v2"
  instances      = 8
  admin_username = "operator"
  source_image   = shared_image_version.render["linux"]
  upgrade_mode   = "Manual"
  overprovision  = false

  admin_ssh_key {
    username   = "operator"
    public_key = var.admin_ssh_key
  }

  os_disk {
    caching              = "ReadOnly"
    storage_account_type = "Premium_LRS"
  }

  data_disk {
    lun                  = 0
    caching              = "None"
    create_option        = "Empty"
    disk_size_gb         = 512
    storage_account_type = "Premium_LRS"
  }

  network_interface {
    name    = "nic"
    primary = true

    ip_configuration {
      name    = "internal"
      primary = true
      subnet  = local.subnets.home
    }
  }
}

windows_virtual_machine_scale_set "schedule" {
  name                 = "schedule"
  computer_name_prefix = "sched"
  resource_group       = resource_group.render-home
  sku                  = "Standard_D4s_v5"
  instances            = 2
  admin_username       = "operator"
  admin_password       = var.windows_password
  source_image         = shared_image_version.render["windows"]

  os_disk {
    caching              = "ReadWrite"
    storage_account_type = "StandardSSD_LRS"
  }

  network_interface {
    name    = "nic"
    primary = true

    ip_configuration {
      name    = "internal"
      primary = true
      subnet  = local.subnets.home
    }
  }
}

linux_virtual_machine_scale_set "render-recovery" {
  mirrors        = linux_virtual_machine_scale_set.render
  name           = "render"
  resource_group = resource_group.render-failover
  source_image   = image_copy.recovery["linux"]

  network_interface {
    name    = "nic"
    primary = true

    ip_configuration {
      name    = "internal"
      primary = true
      subnet  = local.subnets.recovery
    }
  }
}

windows_virtual_machine_scale_set "schedule-recovery" {
  mirrors        = windows_virtual_machine_scale_set.schedule
  name           = "schedule"
  resource_group = resource_group.render-failover
  source_image   = image_copy.recovery["windows"]

  network_interface {
    name    = "nic"
    primary = true

    ip_configuration {
      name    = "internal"
      primary = true
      subnet  = local.subnets.recovery
    }
  }
}

# ── Failover ─────────────────────────────────────────────────────────────────

failover_group "render" {
  from    = site.home
  to      = site.recovery
  promote = [geo_replica.frames]
  quiesce = [linux_virtual_machine_scale_set.render, windows_virtual_machine_scale_set.schedule]

  step "agree" {
    on     = ["up"]
    before = [promote]

    approval {
      message = "Frames of the last minutes will be rendered again. Continue?"
    }
  }

  step "copy-scenes" {
    on    = ["down"]
    modes = ["planned"]
    after = [promote]

    sync {
      from   = storage_share.scenes
      to     = storage_share.scenes
      mirror = true
    }
  }

  step "fail-over-frames" {
    on                  = ["up"]
    modes               = ["forced"]
    only_if_unreachable = storage_account.frames

    storage_failover {
      account = storage_account.frames
    }
  }

  step "scale-up-workers" {
    after = [stand_up]

    kubernetes_scale {
      cluster   = "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/platform/providers/Microsoft.ContainerService/managedClusters/render"
      namespace = "render"
      workload  = "deployment/workers"
      replicas  = 4
    }
  }

  step "warm-caches" {
    after = [step.scale-up-workers]

    command {
      program   = "render-cli"
      arguments = ["cache", "warm", "--region", "ukwest"]
    }
  }

  step "settle" {
    after = [step.warm-caches]

    wait {
      for = "2m"
    }
  }

  probe "scheduler" {
    url    = "https://scheduler.render.example.com/health"
    status = 200
    within = "10m"
  }
}

output "versions" {
  value = { for key, version in shared_image_version.render : key => version.name }
}
