# Sample values for the local simulator (`--cloud local`): `drplan apply stacks/postgres-warm --vars stacks/postgres-warm/demo.vars.hcl`.
# For Azure, set real values with environment variables (`DRPLAN_VAR_postgres_password`), never in a file that is committed.

postgres_password = "made-up-4-Postgres"
admin_ssh_key     = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleE operator@example"
