# Sample values for the local simulator. For Azure, set real values with DRPLAN_VAR_sql_admin_password or in a file outside of Git.
admin_ssh_key      = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC0ExampleKeyOfTheEmbeddedCloudOnly operator@example"
sql_admin_password = "only-for-the-local-simulator-1"
