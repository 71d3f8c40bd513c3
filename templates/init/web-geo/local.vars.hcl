# Values for the embedded cloud. For Azure, give real ones another way: DRPLAN_VAR_sql_admin_password, or a file that is not kept in git.
admin_ssh_key      = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC0ExampleKeyOfTheEmbeddedCloudOnly operator@example"
sql_admin_password = "only-for-the-embedded-cloud-1"
