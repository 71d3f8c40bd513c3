# Sample values for the local simulator (`--cloud local`):
# `drplan apply stacks/saas-three-sites --vars stacks/saas-three-sites/demo.vars.hcl`.
ssh_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleE example"
