# Sample values for the local simulator (`--cloud local`): `drplan apply stacks/images --vars stacks/images/demo.vars.hcl`.
# For Azure, set real values with environment variables (`DRPLAN_VAR_windows_password`), never in a file that is committed.

admin_ssh_key    = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleE operator@example"
windows_password = "made-up-4-Windows"
