# Made-up values, for the embedded cloud only: `drplan apply stacks/images --vars stacks/images/demo.vars.hcl`.
# For Azure, give real ones through the environment (`DRPLAN_VAR_windows_password`), never in a file that is kept.

admin_ssh_key    = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleE operator@example"
windows_password = "made-up-4-Windows"
