stack "example" {
}

site "home" {
  provider = "aws"
  location = "ca-central-1"
}

aws_vpc "web" {
  site       = site.home
  cidr_block = "10.10.0.0/16"
}

aws_subnet "web" {
  vpc        = aws_vpc.web
  cidr_block = "10.10.1.0/24"
}

aws_instance "web" {
  subnet        = aws_subnet.web
  ami           = "ami-0123456789abcdef0"
  instance_type = "m7i.large"
  user_data     = "#!/bin/sh\nsystemctl start web\n"

  root_block_device {
    volume_size = 20
    encrypted   = true
  }
}
