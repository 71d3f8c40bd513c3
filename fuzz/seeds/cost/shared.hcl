stack "s" {}
locals {
  a0 = ["x"]
  a1 = [local.a0, local.a0]
  a2 = [for x in local.a1 : [x, x, local.a1]]
  t  = join("", [for i in range(900) : "${i}%{for j in range(3)}${j}%{endfor}"])
}
output "o" {
  value = [jsonencode(local.a2), sha256(local.t), regexall("([0-9])\\w", local.t)]
}
