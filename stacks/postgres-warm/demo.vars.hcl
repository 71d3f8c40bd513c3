# Made-up values, for the embedded cloud only: `drplan apply stacks/postgres-warm --vars stacks/postgres-warm/demo.vars.hcl`.
# For Azure, give real ones through the environment (`DRPLAN_VAR_postgres_password`), never in a file that is kept.

postgres_password = "made-up-4-Postgres"
admin_ssh_key     = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleE operator@example"
