"""Reads user data as cloud-init does, and prints the parts by their types, and the cloud-config that follows from them."""

import json
import sys
import tempfile

from cloudinit import handlers, user_data, util
from cloudinit.handlers.cloud_config import CloudConfigPartHandler

folder = tempfile.mkdtemp()
paths = type("Paths", (), {
    "cloud_dir": folder,
    "get_ipath": lambda *_: folder + "/config",
    "get_ipath_cur": lambda *_: folder,
    "get_cpath": lambda *_: folder,
})()
message = user_data.UserDataProcessor(paths).process(sys.stdin.buffer.read())
parts = [part for part in message.walk() if part.get_content_maintype() != "multipart"]
config = CloudConfigPartHandler(paths)
config.handle_part(None, handlers.CONTENT_START, None, None, None, None)
for part in parts:
    if part.get_content_type() == "text/cloud-config":
        text = part.get_payload(decode=True).decode()
        config.handle_part(None, part.get_content_type(), part.get_filename(), text, None, dict(part))
config.handle_part(None, handlers.CONTENT_END, None, None, None, None)
others = {
    part.get_content_type(): part.get_payload(decode=True).decode()
    for part in parts
    if part.get_content_type() != "text/cloud-config"
}
print(json.dumps({"config": util.load_yaml(util.load_file(folder + "/config")), "others": others}))
