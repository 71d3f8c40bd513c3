# Made-up values, for the embedded cloud only: `drplan apply stacks/web-geo --vars stacks/web-geo/demo.vars.hcl`.
# For Azure, give real ones through the environment (`DRPLAN_VAR_sql_admin_password`), never in a file that is kept.

admin_ssh_key      = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleExam operator@example"
sql_admin_password = "made-up-4-the-embedded-cloud"
