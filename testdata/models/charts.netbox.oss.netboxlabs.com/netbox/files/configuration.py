# Reads the mounted settings; a secret is a file of its own.
import pathlib
import yaml

for name in sorted(pathlib.Path("/run/config").glob("**/*.yaml")):
    globals().update(yaml.safe_load(name.read_text()))
DATABASES["default"]["PASSWORD"] = pathlib.Path("/run/secrets/netbox/db_password").read_text().strip()
SECRET_KEY = pathlib.Path("/run/secrets/netbox/secret_key").read_text().strip()
