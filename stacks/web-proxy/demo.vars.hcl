# Sample values for the local simulator (`--cloud local`): `drplan apply stacks/web-proxy --vars stacks/web-proxy/demo.vars.hcl`.
# For Azure, set real values with environment variables (`DRPLAN_VAR_sql_admin_password`), never in a file that is committed.

admin_ssh_key      = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleE operator@example"
sql_admin_password = "made-up-4-the-local-simulator"
