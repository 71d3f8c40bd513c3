# Sample values for the local simulator. For Azure, set real values with DRPLAN_VAR_sql_admin_password or in a file outside of Git.
admin_ssh_key      = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleE operator@example"
sql_admin_password = "only-for-the-local-simulator-1"
