variable "instances" {
  type        = number
  default     = 4
  description = "Number of web servers at each site"

  validation {
    condition     = var.instances >= 2
    error_message = "One web server is no redundancy: set 2 or more."
  }
}

variable "admin_password" {
  type      = string
  sensitive = true
  default   = "an example, n0t a secret"
}

variable "network" {
  type = object({
    address_space = list(string)
    dns_servers   = optional(list(string), [])
  })
  default = { address_space = ["10.10.0.0/16"] }
}

resource_group "app" {
  site = site.east
}

virtual_network "app" {
  resource_group = resource_group.app
  address_space  = var.network.address_space
  dns_servers    = var.network.dns_servers
}
