


a   = 1
bb  = 2   # c1
ccc = "x" // c2



d = {}
e = {}
f = []
foo "bar" "baz" {
  x = 1


}
foo "bar" { x = 1 }
foo "bar" {}
foo "bar" {
}
obj = { a = 1, b : 2 }
l = [1, 2,
  3,
4]
call    = f(1, 2, -3, -4)
m       = a-b
n       = -a
o       = a ? b : c
p       = !a && b || c
q       = a.b.c[0].d
r       = a
r2      = "${a}-${b}"
r3      = { a = 1 }
s       = [for x in [1, 2] : x if x > 1]
t       = { for k, v in m : k => v... if v }
u       = x[*].y
v       = x.*.y
w       = (1 + 2) * 3
h       = <<EOT
  a ${x} b
    EOT
hh      = <<-EOT
  a ${x} b
    EOT
aligned = 1
long_name_here = {
  a    = 1
  bbbb = 2
}
z = 3
# comment here
tabbed = 1
/* block
 comment */
y  = 1 /* inline */
yy = 2 /* multi
   line */
k  = a == b ? -1 : a != b
k2 = a >= -1
f2 = foo(<<EOT
text
EOT
, 1)
f3 = foo({
  a = 1
  }, [
  1
])
f4 = merge({ a = 1 }, {
b = 2 })
nested = [{
  a = 1
  }, {
  b = 2
}]
ns = provider::foo::bar(1)
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 3.0"
    }
  }
}
resource "a" "b" {
  count = var.x ? 1 : 0
  name  = "x-${var.y}-z"
  tags = merge(var.t, {
    Name  = "n"
    Other = "o" # comm
  })
  lifecycle { ignore_changes = [a, b] }
  dynamic "x" {
    for_each = [for i in range(3) : i]
    content {
      v = x.value["a"]
    }
  }
  long_attribute_name_1 = 1
  s                     = 2
  // comment breaks?
  tt = 3

  uu  = 4
  obj = { a = { b = { c = 1 } } }
  list_of = [
    { a = 1 },
    { bbb = 2
    c = 3 },
  ]
  cond = (
    a ? b
    : c
  )
  func = coalesce(
    a,
    b...
  )
}
