# One of each thing that the language has. /* and */
// Another comment.
literals = [null, true, 1.5e3, -7, "a\n\"${x}\" \u00e9 $${no} %%{no}", { k = 1, "k 2" : 2, (a) = 3 }]
heredoc  = <<-END
    first ${a.b[0]}
      %{ if a.c ~} yes %{ else } no %{ endif ~}
  %{ for k, v in a } ${k}=${v} %{ endfor }
  END
plain = <<END
as it is é
END
operators = !true && (1 + 2 * 3 - -4) / 5 % 6 >= 7 || "a" != "b" ? 1 : [2][0]
objects   = { for k, v in a : upper(k) => v... if k != "x" }
lists     = [for v in [1, 2, 3] : v * 2 if v < 3]
splats    = [a.*.b, a[*].c[0], a.a.0, a["b"]]
calls     = max([1, 2]..., 3)

block "label" other {
  nested { one = 1 }
  nested {}
}
